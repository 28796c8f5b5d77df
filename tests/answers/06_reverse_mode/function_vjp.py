# %% right: a gradient by pencil, as an array
def function_vjp(x, z_bar):
    x1, x2 = x
    return x1 * x2 + x2, z_bar * np.array([x2, x1 + 1.0])

# %% right: a Jacobian from the left, in jnp
def function_vjp(x, z_bar):
    x1, x2 = jnp.asarray(x, dtype=float)
    first = jnp.array([[x2, x1], [0.0, 1.0]])  # (y, x2) from (x1, x2)
    second = jnp.array([1.0, 1.0])
    return x1 * x2 + x2, (z_bar * second) @ first

# %% right: accumulators in an array, added to in place
def function_vjp(x, z_bar):
    d = {"x1": np.zeros(()), "x2": np.zeros(()), "y": np.zeros(())}
    y = x[0] * x[1]
    d["y"], d["x2"] = sum_vjp(y, x[1], d["y"], d["x2"], z_bar)
    d["x1"], d["x2"] = mul_vjp(x[0], x[1], d["x1"], d["x2"], d["y"])
    return [y + x[1], (d["x1"], d["x2"])]

# %% right: another order of equal steps, z as (x1 + 1) x2
def function_vjp(x, z_bar):
    x1, x2 = x
    u = x1 + 1.0
    u_bar, x2_bar = mul_vjp(u, x2, 0.0, 0.0, z_bar)
    x1_bar, _ = sum_vjp(x1, 1.0, 0.0, 0.0, u_bar)
    return u * x2, [x1_bar, x2_bar]

# %% right: differences with a step of 1, exact since z is linear in each input
def function_vjp(x, z_bar):
    def f(x1, x2):
        return x1 * x2 + x2

    x1, x2 = (float(number) for number in x)
    z = f(x1, x2)
    return z, [z_bar * (f(x1 + 1.0, x2) - z), z_bar * (f(x1, x2 + 1.0) - z)]

# %% wrong: x1 handed to sum_vjp
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y = x1 * x2
    y_bar, x1_bar = sum_vjp(y, x1, 0.0, 0.0, z_bar)
    x1_bar, x2_bar = mul_vjp(x1, x2, x1_bar, 0.0, y_bar)
    return y + x2, [x1_bar, x2_bar]

# %% wrong: accumulator of x2 zeroed between sum and product
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y = x1 * x2
    x1_bar = x2_bar = y_bar = 0.0
    y_bar, x2_bar = sum_vjp(y, x2, y_bar, x2_bar, z_bar)
    x1_bar = x2_bar = 0.0
    x1_bar, x2_bar = mul_vjp(x1, x2, x1_bar, x2_bar, y_bar)
    return y + x2, [x1_bar, x2_bar]

# %% wrong: cotangent never used
# loses: function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y = x1 * x2
    y_bar, x2_bar = sum_vjp(y, x2, 0.0, 0.0, 1.0)
    x1_bar, x2_bar = mul_vjp(x1, x2, 0.0, x2_bar, y_bar)
    return y + x2, [x1_bar, x2_bar]

# %% wrong: cotangent multiplied in twice
# loses: function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y = x1 * x2
    y_bar, x2_bar = sum_vjp(y, x2, 0.0, 0.0, z_bar)
    x1_bar, x2_bar = mul_vjp(x1, x2, 0.0, x2_bar, y_bar)
    return y + x2, [z_bar * x1_bar, z_bar * x2_bar]

# %% wrong: cotangent of the result handed to the product
# loses: function_vjp_cotangent, function_vjp_gradient, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y = x1 * x2
    z = y + x2
    x1_bar, x2_bar = mul_vjp(x1, x2, 0.0, 0.0, z * z_bar)
    y_bar, x2_bar = sum_vjp(y, x2, 0.0, x2_bar, z_bar)
    return z, [x1_bar, x2_bar]

# %% wrong: product before the sum
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y = x1 * x2
    y_bar = 0.0
    x1_bar, x2_bar = mul_vjp(x1, x2, 0.0, 0.0, y_bar)
    y_bar, x2_bar = sum_vjp(y, x2, y_bar, x2_bar, z_bar)
    return y + x2, [x1_bar, x2_bar]

# %% wrong: accumulators kept in a default argument
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar, d=[0.0, 0.0]):
    x1, x2 = x
    y = x1 * x2
    y_bar, d[1] = sum_vjp(y, x2, 0.0, d[1], z_bar)
    d[0], d[1] = mul_vjp(x1, x2, d[0], d[1], y_bar)
    return y + x2, d

# %% wrong: one buffer for all results, zeroed at each call
# loses: function_vjp_again
GRADIENT = np.zeros(2)


def function_vjp(x, z_bar):
    GRADIENT[:] = 0.0
    x1, x2 = x
    y = x1 * x2
    y_bar, GRADIENT[1] = sum_vjp(y, x2, 0.0, GRADIENT[1], z_bar)
    GRADIENT[0], GRADIENT[1] = mul_vjp(x1, x2, GRADIENT[0], GRADIENT[1], y_bar)
    return y + x2, GRADIENT

# %% wrong: gradient of the type of x
# loses: function_vjp_cotangent
def function_vjp(x, z_bar):
    d = np.zeros_like(x)
    y = x[0] * x[1]
    y_bar, d[1] = sum_vjp(y, x[1], 0.0, d[1], z_bar)
    d[0], d[1] = mul_vjp(x[0], x[1], d[0], d[1], y_bar)
    return y + x[1], d

# %% wrong: gradient written into x
# loses: function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = float(x[0]), float(x[1])
    gradient = x if isinstance(x, np.ndarray) and x.dtype.kind == "f" else np.zeros(2)
    gradient[:] = [z_bar * x2, z_bar * (x1 + 1.0)]
    return x1 * x2 + x2, gradient.copy()

# %% wrong: remembers the first cotangent
# loses: function_vjp_value, function_vjp_gradient, function_vjp_cotangent, function_vjp_again
SEEN = {}


def function_vjp(x, z_bar):
    if not SEEN:
        x1, x2 = x
        SEEN["result"] = x1 * x2 + x2, [z_bar * x2, z_bar * (x1 + 1.0)]
    return SEEN["result"]

# %% wrong: zero gradient
# loses: function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    return x[0] * x[1] + x[1], [0.0, 0.0]

# %% wrong: value scaled by the cotangent
# loses: function_vjp_value
def function_vjp(x, z_bar):
    x1, x2 = x
    return z_bar * (x1 * x2 + x2), [z_bar * x2, z_bar * (x1 + 1.0)]

# %% wrong: worked example only
# loses: function_vjp_value, function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    return 12.0, [4.0 * z_bar, 3.0 * z_bar]

# %% wrong: gradient without the value
# loses: function_vjp_value, function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    return [z_bar * x2, z_bar * (x1 + 1.0)]

# %% wrong: slopes of the product by dividing it
# loses: function_vjp_gradient
def function_vjp(x, z_bar):
    x1, x2 = np.array(x, dtype=float)
    y = x1 * x2
    return y + x2, [y / x1 * z_bar, (y / x2 + 1.0) * z_bar]

# %% wrong: sign of the cotangent lost
# loses: function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y_bar, x2_bar = sum_vjp(x1 * x2, x2, 0.0, 0.0, abs(z_bar))
    x1_bar, x2_bar = mul_vjp(x1, x2, 0.0, x2_bar, y_bar)
    return x1 * x2 + x2, [x1_bar, x2_bar]

# %% wrong: right for the visible example only, cotangents above 1 cut off
# loses: function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    y_bar, x2_bar = sum_vjp(x1 * x2, x2, 0.0, 0.0, min(z_bar, 1.0))
    x1_bar, x2_bar = mul_vjp(x1, x2, 0.0, x2_bar, y_bar)
    return x1 * x2 + x2, [x1_bar, x2_bar]

# %% wrong: three numbers instead of a pair
# loses: function_vjp_value, function_vjp_gradient, function_vjp_cotangent, function_vjp_again
def function_vjp(x, z_bar):
    x1, x2 = x
    return x1 * x2 + x2, z_bar * x2, z_bar * (x1 + 1.0)
