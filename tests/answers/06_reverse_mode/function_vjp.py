# %% right: a gradient by pencil, as an array
def function_vjp(x, dz):
    x1, x2 = x
    return x1 * x2 + x2, dz * np.array([x2, x1 + 1.0])

# %% right: a Jacobian from the left, in jnp
def function_vjp(x, dz):
    x1, x2 = jnp.asarray(x, dtype=float)
    first = jnp.array([[x2, x1], [0.0, 1.0]])  # (y, x2) from (x1, x2)
    second = jnp.array([1.0, 1.0])
    return x1 * x2 + x2, (dz * second) @ first

# %% right: accumulators in an array, added to in place
def function_vjp(x, dz):
    d = {"x1": np.zeros(()), "x2": np.zeros(()), "y": np.zeros(())}
    y = x[0] * x[1]
    d["y"], d["x2"] = sum_vjp(y, x[1], d["y"], d["x2"], dz)
    d["x1"], d["x2"] = mul_vjp(x[0], x[1], d["x1"], d["x2"], d["y"])
    return [y + x[1], (d["x1"], d["x2"])]

# %% right: another order of equal steps, z as (x1 + 1) x2
def function_vjp(x, dz):
    x1, x2 = x
    u = x1 + 1.0
    du, dx2 = mul_vjp(u, x2, 0.0, 0.0, dz)
    dx1, _ = sum_vjp(x1, 1.0, 0.0, 0.0, du)
    return u * x2, [dx1, dx2]

# %% wrong: x1 handed to sum_vjp
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    x1, x2 = x
    y = x1 * x2
    dy, dx1 = sum_vjp(y, x1, 0.0, 0.0, dz)
    dx1, dx2 = mul_vjp(x1, x2, dx1, 0.0, dy)
    return y + x2, [dx1, dx2]

# %% wrong: accumulator of x2 zeroed between sum and product
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    x1, x2 = x
    y = x1 * x2
    dx1 = dx2 = dy = 0.0
    dy, dx2 = sum_vjp(y, x2, dy, dx2, dz)
    dx1 = dx2 = 0.0
    dx1, dx2 = mul_vjp(x1, x2, dx1, dx2, dy)
    return y + x2, [dx1, dx2]

# %% wrong: cotangent never used
# loses: function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    x1, x2 = x
    y = x1 * x2
    dy, dx2 = sum_vjp(y, x2, 0.0, 0.0, 1.0)
    dx1, dx2 = mul_vjp(x1, x2, 0.0, dx2, dy)
    return y + x2, [dx1, dx2]

# %% wrong: cotangent multiplied in twice
# loses: function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    x1, x2 = x
    y = x1 * x2
    dy, dx2 = sum_vjp(y, x2, 0.0, 0.0, dz)
    dx1, dx2 = mul_vjp(x1, x2, 0.0, dx2, dy)
    return y + x2, [dz * dx1, dz * dx2]

# %% wrong: cotangent of the result handed to the product
# loses: function_vjp_cotangent, function_vjp_gradient, function_vjp_again
def function_vjp(x, dz):
    x1, x2 = x
    y = x1 * x2
    z = y + x2
    dx1, dx2 = mul_vjp(x1, x2, 0.0, 0.0, z * dz)
    dy, dx2 = sum_vjp(y, x2, 0.0, dx2, dz)
    return z, [dx1, dx2]

# %% wrong: product before the sum
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    x1, x2 = x
    y = x1 * x2
    dy = 0.0
    dx1, dx2 = mul_vjp(x1, x2, 0.0, 0.0, dy)
    dy, dx2 = sum_vjp(y, x2, dy, dx2, dz)
    return y + x2, [dx1, dx2]

# %% wrong: accumulators kept in a default argument
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz, d=[0.0, 0.0]):
    x1, x2 = x
    y = x1 * x2
    dy, d[1] = sum_vjp(y, x2, 0.0, d[1], dz)
    d[0], d[1] = mul_vjp(x1, x2, d[0], d[1], dy)
    return y + x2, d

# %% wrong: one buffer for all results, zeroed at each call
# loses: function_vjp_again
GRADIENT = np.zeros(2)


def function_vjp(x, dz):
    GRADIENT[:] = 0.0
    x1, x2 = x
    y = x1 * x2
    dy, GRADIENT[1] = sum_vjp(y, x2, 0.0, GRADIENT[1], dz)
    GRADIENT[0], GRADIENT[1] = mul_vjp(x1, x2, GRADIENT[0], GRADIENT[1], dy)
    return y + x2, GRADIENT

# %% wrong: gradient of the type of x
# loses: function_vjp_cotangent
def function_vjp(x, dz):
    d = np.zeros_like(x)
    y = x[0] * x[1]
    dy, d[1] = sum_vjp(y, x[1], 0.0, d[1], dz)
    d[0], d[1] = mul_vjp(x[0], x[1], d[0], d[1], dy)
    return y + x[1], d

# %% wrong: gradient written into x
# loses: function_vjp_again
def function_vjp(x, dz):
    x1, x2 = float(x[0]), float(x[1])
    gradient = x if isinstance(x, np.ndarray) and x.dtype.kind == "f" else np.zeros(2)
    gradient[:] = [dz * x2, dz * (x1 + 1.0)]
    return x1 * x2 + x2, gradient.copy()

# %% wrong: remembers the first cotangent
# loses: function_vjp_value, function_vjp_gradient, function_vjp_cotangent, function_vjp_again
SEEN = {}


def function_vjp(x, dz):
    if not SEEN:
        x1, x2 = x
        SEEN["result"] = x1 * x2 + x2, [dz * x2, dz * (x1 + 1.0)]
    return SEEN["result"]

# %% wrong: zero gradient
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    return x[0] * x[1] + x[1], [0.0, 0.0]

# %% wrong: value scaled by the cotangent
# loses: function_vjp_value
def function_vjp(x, dz):
    x1, x2 = x
    return dz * (x1 * x2 + x2), [dz * x2, dz * (x1 + 1.0)]

# %% wrong: worked example only
# loses: function_vjp_value, function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    return 12.0, [4.0 * dz, 3.0 * dz]

# %% wrong: gradient without the value
# loses: function_vjp_value, function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, dz):
    x1, x2 = x
    return [dz * x2, dz * (x1 + 1.0)]
