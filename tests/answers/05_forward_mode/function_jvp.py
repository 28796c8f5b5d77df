# %% right: the partial derivatives written out
def function_jvp(x, dx):
    return x[0] * x[1] + x[1], x[1] * dx[0] + (x[0] + 1) * dx[1]


# %% right: Jacobian times vector
def function_jvp(x, dx):
    x, dx = np.asarray(x, float), np.asarray(dx, float)
    jacobian = np.array([x[1], x[0] + 1])
    return x[0] * x[1] + x[1], jacobian @ dx


# %% right: factorised as (x1 + 1)·x2, a list of jnp numbers
def function_jvp(x, dx):
    return list(map(jnp.asarray, mul_jvp(x[0] + 1, dx[0], x[1], dx[1])))


# %% right: dual numbers as matrices
def function_jvp(x, dx):
    a, b = (np.array([[p, t], [0.0, p]]) for p, t in zip(x, dx))
    return tuple((a @ b + b)[0])


# %% right: the sum first
def function_jvp(x, dx):
    (x1, x2), (dx1, dx2) = x, dx
    s, ds = sum_jvp(x1, dx1, 1.0, 0.0)
    return mul_jvp(s, ds, x2, dx2)


# %% wrong: the edge from x2 to the sum forgotten
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    y, dy = mul_jvp(x[0], dx[0], x[1], dx[1])
    return y + x[1], dy


# %% wrong: x1 added instead of x2
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    y, dy = mul_jvp(x[0], dx[0], x[1], dx[1])
    return sum_jvp(y, dy, x[0], dx[0])


# %% wrong: only the value of x2 added, with a tangent of one
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    y, dy = mul_jvp(x[0], dx[0], x[1], dx[1])
    return sum_jvp(y, dy, x[1], 1.0)


# %% wrong: arguments of mul_jvp in another order
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    y, dy = mul_jvp(x[0], x[1], dx[0], dx[1])
    return sum_jvp(y, dy, x[1], dx[1])


# %% wrong: the gradient instead of the tangent
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    return x[0] * x[1] + x[1], [x[1] * dx[0], (x[0] + 1) * dx[1]]


# %% wrong: one unit tangent after the other
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    return x[0] * x[1] + x[1], x[1] if dx[0] else x[0] + 1


# %% wrong: right at the worked example only
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    return 12.0, 4.0 * dx[0] + 3.0 * dx[1]


# %% wrong: forward difference
# loses: function_jvp_any_direction
def function_jvp(x, dx):
    h = 1e-7
    moved = [p + h * t for p, t in zip(x, dx)]
    value = x[0] * x[1] + x[1]
    return value, (moved[0] * moved[1] + moved[1] - value) / h


# %% wrong: the input moved along for good
# loses: function_jvp_any_direction
def function_jvp(x, dx):
    result = x[0] * x[1] + x[1], x[1] * dx[0] + (x[0] + 1) * dx[1]
    if isinstance(x, np.ndarray):
        x += dx
    return result


# %% wrong: the inputs in the other order
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    x2, x1 = x
    dx2, dx1 = dx
    y, dy = mul_jvp(x1, dx1, x2, dx2)
    return sum_jvp(y, dy, x2, dx2)


# %% right: without the earlier steps, for a list of tangents
def function_jvp(x, dx):
    x1, x2 = x
    dz = sum(slope * d for slope, d in zip((x2, x1 + 1), dx))
    return x2 * (x1 + 1), dz


# %% wrong: relative changes, which divide by the inputs
# loses: function_jvp_one_input_moves
def function_jvp(x, dx):
    (x1, x2), (dx1, dx2) = x, dx
    y = x1 * x2
    return y + x2, y * (dx1 / x1 + dx2 / x2) + dx2


# %% wrong: the example and its two neighbours
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    return 12.0, {(1, 0): 4.0, (0, 1): 3.0, (1, 1): 7.0}.get(tuple(dx), 0.0)


# %% wrong: sizes of the tangents
# loses: function_jvp_one_input_moves, function_jvp_any_direction
def function_jvp(x, dx):
    return x[0] * x[1] + x[1], x[1] * abs(dx[0]) + (x[0] + 1) * abs(dx[1])


# %% wrong: right while one input moves, the larger term when both do
# loses: function_jvp_any_direction
def function_jvp(x, dx):
    terms = x[1] * dx[0], (x[0] + 1) * dx[1]
    return x[0] * x[1] + x[1], max(terms, key=abs)
