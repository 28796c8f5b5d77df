# %% right: a list of lists, columns zipped into rows
def matrix_from_mvp(mvp, n_in):
    columns = []
    for j in range(n_in):
        basis = [0.0] * n_in
        basis[j] = 1.0
        columns.append([float(number) for number in mvp(basis)])
    return [list(row) for row in zip(*columns)]


# %% right: rescaled basis
def matrix_from_mvp(mvp, n_in):
    scale = 1000.0
    basis = scale * np.eye(n_in)
    return np.column_stack([np.asarray(mvp(basis[j])) for j in range(n_in)]) / scale


# %% right: random directions and a linear solve
def matrix_from_mvp(mvp, n_in):
    directions, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(n_in, n_in)))
    images = np.array([mvp(direction) for direction in directions])
    return np.linalg.solve(directions, images).T


# %% right: jax arithmetic
def matrix_from_mvp(mvp, n_in):
    return jnp.stack([jnp.asarray(mvp(jnp.zeros(n_in).at[j].set(1.0))) for j in range(n_in)]).T


# %% right: one buffer, set back after each call
def matrix_from_mvp(mvp, n_in):
    basis, columns = np.zeros(n_in), []
    for j in range(n_in):
        basis[j] = 1.0
        columns.append(np.array(mvp(basis)))
        basis[j] = 0.0
    return np.hstack([column.reshape(-1, 1) for column in columns])


# %% right: differences of neighbouring partial sums
def matrix_from_mvp(mvp, n_in):
    sums = [np.asarray(mvp(np.where(np.arange(n_in) <= j, 1.0, 0.0))) for j in range(n_in)]
    columns = [sums[0]] + [after - before for before, after in zip(sums, sums[1:])]
    return np.transpose(columns)


# %% wrong: the matrix transposed
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    return np.array([mvp(e) for e in np.eye(n_in)])


# %% wrong: columns reshaped instead of transposed
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    columns = [mvp(e) for e in np.eye(n_in)]
    return np.array(columns).reshape(-1, n_in)


# %% wrong: basis vector not reset
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    basis, columns = np.zeros(n_in), []
    for j in range(n_in):
        basis[j] = 1.0
        columns.append(mvp(basis))
    return np.array(columns).T


# %% wrong: integer basis
# loses: matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    basis = np.eye(n_in, dtype=int)
    return np.array([mvp(basis[j]) for j in range(n_in)]).T


# %% wrong: integer matrix
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    columns = [mvp(e) for e in np.eye(n_in)]
    matrix = np.zeros((len(columns[0]), n_in), dtype=int)
    for j in range(n_in):
        matrix[:, j] = columns[j]
    return matrix


# %% wrong: a square matrix taken for granted
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    matrix = np.zeros((n_in, n_in))
    for j in range(n_in):
        matrix[:, j] = mvp(np.eye(n_in)[j])
    return matrix


# %% wrong: one more call to learn the number of outputs
# loses: matrix_from_mvp_calls
def matrix_from_mvp(mvp, n_in):
    matrix = np.zeros((len(mvp(np.zeros(n_in))), n_in))
    for j in range(n_in):
        matrix[:, j] = mvp(np.eye(n_in)[j])
    return matrix


# %% wrong: finite differences with two calls a column
# loses: matrix_from_mvp_calls
def matrix_from_mvp(mvp, n_in):
    x = np.ones(n_in)
    columns = [np.asarray(mvp(x + e)) - np.asarray(mvp(x)) for e in np.eye(n_in)]
    return np.array(columns).T


# %% wrong: the whole identity in one call
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls
def matrix_from_mvp(mvp, n_in):
    return mvp(np.eye(n_in))


# %% wrong: basis vectors as columns of shape (n, 1)
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls
def matrix_from_mvp(mvp, n_in):
    columns = []
    for j in range(n_in):
        basis = np.zeros((n_in, 1))
        basis[j] = 1.0
        columns.append(np.ravel(mvp(basis)))
    return np.array(columns).T


# %% wrong: last column left out
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    columns = [mvp(np.eye(n_in)[j]) for j in range(n_in - 1)]
    return np.array(columns).T


# %% wrong: a generator that nobody runs
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    return (mvp(e) for e in np.eye(n_in))


# %% wrong: dimensions of size one squeezed away
# loses: matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    return np.squeeze(np.array([mvp(e) for e in np.eye(n_in)]).T)


# %% right: one call after the other, the columns filled into an array made after the first
def matrix_from_mvp(mvp, n_in):
    matrix = None
    for j in range(n_in):
        column = np.ravel(mvp(np.eye(1, n_in, j)[0]))
        if matrix is None:
            matrix = np.empty((column.size, n_in))
        matrix[:, j] = column
    return matrix


# %% wrong: columns of zeros left out
# loses: matrix_from_mvp_random_matrices
def matrix_from_mvp(mvp, n_in):
    columns = [np.asarray(mvp(e)) for e in np.eye(n_in)]
    return np.stack([column for column in columns if column.any()], axis=1)


# %% wrong: rounded to look tidy
# loses: matrix_from_mvp_random_matrices
def matrix_from_mvp(mvp, n_in):
    return np.round(np.stack([mvp(e) for e in np.eye(n_in)], axis=1), 6)


# %% wrong: the first basis vector in each call
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    columns = []
    for _ in range(n_in):
        basis = np.zeros(n_in)
        basis[0] = 1.0
        columns.append(mvp(basis))
    return np.stack(columns, axis=1)


# %% wrong: three inputs taken for granted
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    columns = [mvp(np.arange(n_in) == j) for j in range(3)]
    return np.array(columns, dtype=float).T


# %% wrong: the matrix of the example written down
# loses: matrix_from_mvp_random_matrices, matrix_from_mvp_calls, matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    return [[2, 0, 0], [0, 1, 3]]


# %% wrong: a single column flattened
# loses: matrix_from_mvp_any_program
def matrix_from_mvp(mvp, n_in):
    columns = [np.asarray(mvp(e)) for e in np.eye(n_in)]
    return columns[0] if n_in == 1 else np.stack(columns, axis=1)
