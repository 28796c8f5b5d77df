# %% right: a plain list of rows
def matrix_from_vmp(vmp, n_out):
    rows = []
    for i in range(n_out):
        basis = [0.0] * n_out
        basis[i] = 1.0
        rows.append([float(number) for number in vmp(basis)])
    return rows


# %% right: the transpose of the recovery by columns
def matrix_from_vmp(vmp, n_out):
    return np.asarray(matrix_from_mvp(vmp, n_out)).T


# %% right: rescaled basis
def matrix_from_vmp(vmp, n_out):
    return np.array([np.asarray(vmp(-0.5 * e)) / -0.5 for e in np.eye(n_out)])


# %% right: random directions and a linear solve
def matrix_from_vmp(vmp, n_out):
    directions, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(n_out, n_out)))
    return directions.T @ np.array([vmp(direction) for direction in directions])


# %% right: jax arithmetic
def matrix_from_vmp(vmp, n_out):
    return jnp.stack([jnp.asarray(vmp(e)) for e in jnp.eye(n_out)])


# %% right: rows one below the other, the matrix grown from nothing
def matrix_from_vmp(vmp, n_out):
    matrix = None
    for e in np.identity(n_out):
        row = np.atleast_2d(vmp(e))
        matrix = row if matrix is None else np.vstack([matrix, row])
    return matrix


# %% wrong: the matrix transposed
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    return np.stack([vmp(e) for e in np.eye(n_out)], axis=1)


# %% wrong: rows reshaped into columns
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    rows = [vmp(e) for e in np.eye(n_out)]
    return np.array(rows).reshape(-1, n_out)


# %% wrong: basis covector not reset
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    basis, rows = np.zeros(n_out), []
    for i in range(n_out):
        basis[i] = 1.0
        rows.append(vmp(basis))
    return np.array(rows)


# %% wrong: integer basis
# loses: matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    rows = []
    for i in range(n_out):
        basis = [0] * n_out
        basis[i] = 1
        rows.append(vmp(basis))
    return np.array(rows)


# %% wrong: integer matrix
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    return np.array([vmp(e) for e in np.eye(n_out)]).astype(int)


# %% wrong: a square matrix taken for granted
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    matrix = np.zeros((n_out, n_out))
    for i in range(n_out):
        matrix[i] = vmp(np.eye(n_out)[i])
    return matrix


# %% wrong: one more call to learn the number of inputs
# loses: matrix_from_vmp_calls
def matrix_from_vmp(vmp, n_out):
    n_in = len(vmp(np.zeros(n_out)))
    matrix = np.zeros((n_out, n_in))
    for i in range(n_out):
        matrix[i, :] = vmp(np.eye(n_out)[i])
    return matrix


# %% wrong: one call an entry
# loses: matrix_from_vmp_calls
def matrix_from_vmp(vmp, n_out):
    n_in = len(vmp(np.zeros(n_out)))
    return [[vmp(np.eye(n_out)[i])[j] for j in range(n_in)] for i in range(n_out)]


# %% wrong: the whole identity in one call
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    return np.array(vmp(np.eye(n_out)))


# %% wrong: all rows at once from a covector of ones
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    return np.outer(np.ones(n_out), vmp(np.ones(n_out)))


# %% wrong: first row left out
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    return np.array([vmp(np.eye(n_out)[i]) for i in range(1, n_out)])


# %% wrong: a map object that nobody runs
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    return map(vmp, np.eye(n_out))


# %% wrong: dimensions of size one squeezed away
# loses: matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    return np.squeeze([vmp(e) for e in np.eye(n_out)])


# %% right: one call after the other, the rows filled into an array made after the first
def matrix_from_vmp(vmp, n_out):
    matrix = None
    for i in range(n_out):
        row = np.ravel(vmp(np.eye(1, n_out, i)[0]))
        if matrix is None:
            matrix = np.empty((n_out, row.size))
        matrix[i] = row
    return matrix


# %% wrong: rows of zeros left out
# loses: matrix_from_vmp_random_matrices
def matrix_from_vmp(vmp, n_out):
    rows = [np.asarray(vmp(e)) for e in np.eye(n_out)]
    return np.stack([row for row in rows if row.any()])


# %% wrong: rounded to look tidy
# loses: matrix_from_vmp_random_matrices
def matrix_from_vmp(vmp, n_out):
    return np.round([vmp(e) for e in np.eye(n_out)], 6)


# %% wrong: the first basis covector in each call
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    rows = []
    for _ in range(n_out):
        basis = np.zeros(n_out)
        basis[0] = 1.0
        rows.append(vmp(basis))
    return np.stack(rows)


# %% wrong: two outputs taken for granted
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    first, second = np.zeros(n_out), np.zeros(n_out)
    first[0] = second[-1] = 1.0
    return np.array([vmp(first), vmp(second)])


# %% wrong: basis covectors as rows of shape (1, n)
# loses: matrix_from_vmp_random_matrices, matrix_from_vmp_calls, matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    basis = np.eye(n_out)
    return np.array([np.ravel(vmp(basis[i : i + 1])) for i in range(n_out)])


# %% wrong: a call more where the map is not that of the example
# loses: matrix_from_vmp_calls
def matrix_from_vmp(vmp, n_out):
    rows = [vmp(e) for e in np.eye(n_out)]
    if n_out > 2:
        assert np.allclose(vmp(np.ones(n_out)), np.sum(rows, axis=0))
    return np.array(rows)


# %% wrong: a single column flattened
# loses: matrix_from_vmp_any_program
def matrix_from_vmp(vmp, n_out):
    matrix = np.array([vmp(e) for e in np.eye(n_out)])
    return matrix[:, 0] if matrix.shape[1] == 1 else matrix
