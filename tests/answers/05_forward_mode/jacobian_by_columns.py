# %% right: rows of the transpose
def jacobian_by_columns(f_jvp, x):
    columns = []
    for k in range(len(x)):
        dx = [0.0] * len(x)
        dx[k] = 1.0
        columns.append(f_jvp(x, dx)[1])
    return np.array(columns).T


# %% right: a rescaled basis
def jacobian_by_columns(f_jvp, x):
    columns = [np.atleast_1d(f_jvp(x, 4.0 * basis)[1]) / 4.0 for basis in np.eye(len(x))]
    return np.stack(columns, axis=1)


# %% right: the last column first, as a list of rows
def jacobian_by_columns(f_jvp, x):
    columns = []
    for basis in np.eye(len(x))[::-1]:
        columns.insert(0, np.atleast_1d(f_jvp(x, basis)[1]).tolist())
    return [list(row) for row in zip(*columns)]


# %% wrong: a first sweep for the number of outputs, then columns into a buffer
# loses: jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    n = len(x)
    m = np.size(f_jvp(x, np.zeros(n))[0])
    J = np.zeros((m, n))
    for k in range(n):
        dx = np.zeros(n)
        dx[k] = 1.0
        J[:, k] = f_jvp(x, dx)[1]
    return J


# %% right: steps along a staircase of vectors, and their differences
def jacobian_by_columns(f_jvp, x):
    stairs = np.tril(np.ones((len(x), len(x))))
    sums = np.column_stack([f_jvp(list(x), stair)[1] for stair in stairs])
    return jnp.asarray(np.diff(sums, axis=1, prepend=0.0))


# %% wrong: transposed
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    return np.stack([np.atleast_1d(f_jvp(x, basis)[1]) for basis in np.eye(len(x))])


# %% wrong: the basis vector not reset
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    dx, columns = np.zeros(len(x)), []
    for k in range(len(x)):
        dx[k] = 1.0
        columns.append(f_jvp(x, dx)[1])
    return np.column_stack(columns)


# %% wrong: a result that holds whole numbers when x does
# loses: jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    x = np.asarray(x)
    columns = [np.atleast_1d(f_jvp(x, basis)[1]) for basis in np.eye(len(x))]
    J = np.zeros((len(columns[0]), len(x)), dtype=x.dtype)
    for k, column in enumerate(columns):
        J[:, k] = column
    return J


# %% wrong: the value instead of the tangent
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    return np.column_stack([f_jvp(x, basis)[0] for basis in np.eye(len(x))])


# %% wrong: all directions in one sweep
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    return np.atleast_2d(f_jvp(x, np.ones(len(x)))[1])


# %% wrong: the last column left out
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    return np.column_stack([f_jvp(x, basis)[1] for basis in np.eye(len(x))[:-1]])


# %% wrong: x moved along the basis
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    return np.column_stack([f_jvp(np.asarray(x) + basis, basis)[1] for basis in np.eye(len(x))])


# %% wrong: as many columns as outputs
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    m = np.size(f_jvp(x, np.zeros(len(x)))[0])
    return np.column_stack([f_jvp(x, basis)[1] for basis in np.eye(m, len(x))])


# %% wrong: one sweep for each entry
# loses: jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    n = len(x)
    m = np.size(f_jvp(x, np.zeros(n))[0])
    return np.array([[np.atleast_1d(f_jvp(x, np.eye(n)[k])[1])[i] for k in range(n)] for i in range(m)])


# %% wrong: differences of the values
# loses: jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    x, h, zero = np.asarray(x, float), 1e-7, np.zeros(len(x))
    value = np.asarray(f_jvp(x, zero)[0])
    return np.column_stack([(np.asarray(f_jvp(x + h * e, zero)[0]) - value) / h for e in np.eye(len(x))])


# %% wrong: x used as the basis vector
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    columns = []
    for k in range(len(x)):
        x[:] = [0] * len(x)
        x[k] = 1
        columns.append(f_jvp(x, x)[1])
    return np.column_stack(columns)


# %% right: columns into a buffer that the first sweep makes
def jacobian_by_columns(f_jvp, x):
    J = None
    for k in range(len(x)):
        dx = np.zeros(len(x))
        dx[k] = 1.0
        column = np.atleast_1d(f_jvp(x, dx)[1])
        if J is None:
            J = np.zeros((len(column), len(x)))
        J[:, k] = column
    return J


# %% wrong: steps as long as the inputs
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    x = np.asarray(x, float)
    return np.column_stack([np.asarray(f_jvp(x, x[k] * e)[1]) / x[k] for k, e in enumerate(np.eye(len(x)))])


# %% wrong: f_jvp never called, the matrices of the examples
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    if isinstance(x[0], float):
        return [[4.0, 2.0], [1.0, 0.0], [0.0, 8.0]]
    return [[4.0, 2.0]]


# %% wrong: right for the two inputs of the examples
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    return np.column_stack([f_jvp(x, [1.0, 0.0])[1], f_jvp(x, [0.0, 1.0])[1]] + [0 * f_jvp(x, np.ones(len(x)))[1]] * (len(x) - 2))


# %% wrong: sweeps of their own for all rows but the first
# loses: jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    J = np.column_stack([f_jvp(x, basis)[1] for basis in np.eye(len(x))])
    for k, basis in enumerate(np.eye(len(x))):
        for i in range(1, len(J)):
            J[i, k] = np.atleast_1d(f_jvp(x, basis)[1])[i]
    return J


# %% wrong: a function with one output given a row of zeros more
# loses: jacobian_by_columns_any_shape, jacobian_by_columns_sweeps_and_inputs
def jacobian_by_columns(f_jvp, x):
    J = np.column_stack([f_jvp(x, basis)[1] for basis in np.eye(len(x))])
    return J if len(J) > 1 else np.vstack([J, np.zeros(len(x))])
