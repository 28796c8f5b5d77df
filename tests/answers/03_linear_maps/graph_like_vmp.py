# %% right: the matrix after all
def graph_like_vmp(z):
    return np.asarray(z) @ np.array([[2.0, 1.0, 2.0], [-2.0, -1.0, 1.0]])


# %% right: every entry written out, as a tuple
def graph_like_vmp(z):
    return (2 * z[0] - 2 * z[1], z[0] - z[1], 2 * z[0] + z[1])


# %% right: accumulators, the last line first
def graph_like_vmp(z):
    x1_bar = x2_bar = x3_bar = y_bar = 0.0
    x3_bar += z[1]
    y_bar -= z[1]
    y_bar += z[0]
    x3_bar += 2 * z[0]
    x1_bar += 2 * y_bar
    x2_bar += y_bar
    return [x1_bar, x2_bar, x3_bar]


# %% right: the matrix recovered by columns, jax arithmetic
def graph_like_vmp(z):
    columns = [jnp.asarray(graph_like(e)) for e in np.eye(3)]
    return jnp.stack([jnp.dot(jnp.asarray(z, dtype=float), column) for column in columns])


# %% right: two layers, in single precision
def graph_like_vmp(z):
    outer = np.array([[1, 2], [-1, 1]], dtype=np.float32)
    inner = np.array([[2, 1, 0], [0, 0, 1]], dtype=np.float32)
    return inner.T @ (outer.T @ np.asarray(z, dtype=np.float32))


# %% wrong: sign of the last line lost
# loses: graph_like_vmp_shared_node, graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] + z[1]
    return np.array([2 * y_bar, y_bar, 2 * z[0] + z[1]])


# %% wrong: third input asked only once
# loses: graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] - z[1]
    return np.array([2 * y_bar, y_bar, 2 * z[0]])


# %% wrong: cotangent of the shared node overwritten
# loses: graph_like_vmp_shared_node, graph_like_vmp_transpose
def graph_like_vmp(z):
    x3_bar = 2 * z[0]
    y_bar = z[0]
    x3_bar += z[1]
    y_bar = -z[1]
    return np.array([2 * y_bar, y_bar, x3_bar])


# %% wrong: factors of the first line exchanged
# loses: graph_like_vmp_shared_node, graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] - z[1]
    return np.array([y_bar, 2 * y_bar, 2 * z[0] + z[1]])


# %% wrong: factors divided by instead of multiplied with
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] - z[1]
    return np.array([y_bar / 2, y_bar, z[0] / 2 + z[1]])


# %% wrong: factor of the third input on the wrong output
# loses: graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] - z[1]
    return np.array([2 * y_bar, y_bar, z[0] + 2 * z[1]])


# %% wrong: in place
# loses: graph_like_vmp_transpose
def graph_like_vmp(z):
    x3_bar = 2 * z[0] + z[1]
    z[0] -= z[1]
    return np.array([2 * z[0], z[0], x3_bar])


# %% wrong: integer buffer
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    x_bar = np.array([0, 0, 0])
    x_bar[1] = z[0] - z[1]
    x_bar[0] = 2 * x_bar[1]
    x_bar[2] = 2 * z[0] + z[1]
    return x_bar


# %% wrong: the program itself, forward
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    y = 2 * z[0] + z[1]
    return np.array([y, y + 2 * z[1], z[1] - y])


# %% wrong: accumulators that outlive the call
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z, x_bar=[0.0, 0.0, 0.0]):
    y_bar = z[0] - z[1]
    x_bar[0] += 2 * y_bar
    x_bar[1] += y_bar
    x_bar[2] += 2 * z[0] + z[1]
    return np.array(x_bar)


# %% wrong: a row matrix instead of three numbers
# loses: graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] - z[1]
    return np.array([[2 * y_bar, y_bar, 2 * z[0] + z[1]]])


# %% wrong: cotangents of ones taken for granted
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    return np.array([0.0, 0.0, 3.0])


# %% right: one contribution at a time, from the last line to the first
def graph_like_vmp(z):
    bars = dict.fromkeys(("x0", "x1", "x2", "y"), 0.0)
    uses = [("x2", z[1], 1), ("y", z[1], -1), ("y", z[0], 1), ("x2", z[0], 2)]
    for name, bar, factor in uses:
        bars[name] += factor * bar
    for name, factor in (("x0", 2), ("x1", 1)):
        bars[name] += factor * bars["y"]
    return bars["x0"], bars["x1"], bars["x2"]


# %% wrong: only the first output, as in the example
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    return z[0] * np.array([2.0, 1.0, 2.0])


# %% wrong: absolute values for strengths
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    z = abs(z[0]), abs(z[1])
    y_bar = z[0] - z[1]
    return np.array([2 * y_bar, y_bar, 2 * z[0] + z[1]])


# %% wrong: negative cotangents cut off
# loses: graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] - z[1]
    return np.array([2 * y_bar, y_bar, max(2 * z[0] + z[1], 0.0)])


# %% wrong: everything relative to the first cotangent
# loses: graph_like_vmp_shared_node, graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    ratio = z[1] / z[0]
    return z[0] * np.array([2 * (1 - ratio), 1 - ratio, 2 + ratio])


# %% wrong: nothing to hand on if the cotangent of the shared node is 0
# loses: graph_like_vmp_fan_out, graph_like_vmp_transpose
def graph_like_vmp(z):
    y_bar = z[0] - z[1]
    if not y_bar:
        return np.zeros(3)
    return np.array([2 * y_bar, y_bar, 2 * z[0] + z[1]])


# %% wrong: a buffer of the kind of numbers of the cotangents, scaled in place
# loses: graph_like_vmp_transpose
def graph_like_vmp(z):
    half = np.zeros_like(z)
    half += np.asarray(z) / 2 if half.dtype.kind == "f" else np.asarray(z) // 2
    y_bar = half[0] - half[1]
    return 2 * np.array([2 * y_bar, y_bar, 2 * half[0] + half[1]])
