# %% right: a rescaled basis
def jacobian_by_rows(f_vjp, x, n_out):
    return [np.asarray(f_vjp(x, 4.0 * row)[1]) / 4.0 for row in np.eye(n_out)]

# %% right: basis of integers, one buffer, reset
def jacobian_by_rows(f_vjp, x, n_out):
    J = np.zeros((n_out, len(x)))
    row = np.zeros(n_out, dtype=int)
    for i in range(n_out):
        row[i] = 1
        _, J[i] = f_vjp(x, row)
        row[i] = 0
    return J

# %% right: a random basis, solved for
def jacobian_by_rows(f_vjp, x, n_out):
    basis = np.triu(np.ones((n_out, n_out)))
    pulled = np.array([f_vjp(x, row)[1] for row in basis])
    return np.linalg.solve(basis, pulled)

# %% right: a list of lists, with jnp rows
def jacobian_by_rows(f_vjp, x, n_out):
    rows = []
    for i in range(n_out):
        row = jnp.zeros(n_out).at[i].set(1.0)
        rows.append([float(d) for d in f_vjp(x, row)[1]])
    return rows

# %% right: columns filled, then turned
def jacobian_by_rows(f_vjp, x, n_out):
    columns = np.empty((np.size(x), n_out), dtype=np.float32)
    for i in range(n_out):
        columns[:, i] = f_vjp(x, np.eye(n_out)[i])[1]
    return columns.T

# %% right: cotangents of the opposite sign, last row first
def jacobian_by_rows(f_vjp, x, n_out):
    rows = {i: -np.asarray(f_vjp(x, -np.eye(n_out)[i])[1]) for i in reversed(range(n_out))}
    return [rows[i] for i in range(n_out)]

# %% wrong: transposed
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    return np.array([f_vjp(x, row)[1] for row in np.eye(n_out)]).T

# %% wrong: basis vector not reset
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    row, rows = np.zeros(n_out), []
    for i in range(n_out):
        row[i] = 1.0
        rows.append(f_vjp(x, row)[1])
    return np.array(rows)

# %% wrong: values instead of rows
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    return np.array([f_vjp(x, row)[0] for row in np.eye(n_out)])

# %% wrong: one sweep with a cotangent of ones
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    return np.array([f_vjp(x, np.ones(n_out))[1]] * n_out)

# %% wrong: the matrix has the type of x
# loses: jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    J = np.zeros((n_out, len(x)), dtype=np.asarray(x).dtype)
    for i, row in enumerate(np.eye(n_out)):
        J[i] = f_vjp(x, row)[1]
    return J

# %% wrong: square matrices only
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    n = len(x)
    return np.array([f_vjp(x, row)[1] for row in np.eye(n)])

# %% wrong: one call for each entry
# loses: jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    J = np.zeros((n_out, len(x)))
    for i in range(n_out):
        for k in range(len(x)):
            J[i, k] = f_vjp(x, np.eye(n_out)[i])[1][k]
    return J

# %% wrong: finite differences of the value
# loses: jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    x = np.asarray(x, dtype=float)
    columns, step = [], 1e-6
    for e in np.eye(len(x)):
        up, down = f_vjp(x + step * e, np.ones(n_out))[0], f_vjp(x - step * e, np.ones(n_out))[0]
        columns.append((np.asarray(up) - np.asarray(down)) / (2 * step))
    return np.array(columns).T

# %% wrong: a single row flattened
# loses: jacobian_by_rows_matrix
def jacobian_by_rows(f_vjp, x, n_out):
    return np.squeeze(np.array([f_vjp(x, row)[1] for row in np.eye(n_out)]))

# %% wrong: last row forgotten
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    return np.array([f_vjp(x, np.eye(n_out)[i])[1] for i in range(n_out - 1)])

# %% wrong: zeros of the right shape
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    return np.zeros((n_out, len(x)))

# %% wrong: sweeps at the basis vectors
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    return np.array([f_vjp(row, x)[1] for row in np.eye(n_out)])

# %% wrong: signs of the derivatives lost
# loses: jacobian_by_rows_matrix, jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    return np.abs([f_vjp(x, row)[1] for row in np.eye(n_out)])

# %% wrong: rows of zeros left out
# loses: jacobian_by_rows_matrix
def jacobian_by_rows(f_vjp, x, n_out):
    rows = [np.asarray(f_vjp(x, row)[1]) for row in np.eye(n_out)]
    return np.array([row for row in rows if np.any(row)])

# %% wrong: one more sweep, for the value
# loses: jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    value, _ = f_vjp(x, np.zeros(n_out))
    return np.array([f_vjp(x, row)[1] for row in np.eye(len(value))])

# %% wrong: right for the visible example only, one more sweep to count the outputs
# loses: jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    n = 1 if n_out == 1 else len(f_vjp(x, np.zeros(n_out))[0])
    return np.array([f_vjp(x, row)[1] for row in np.eye(n)])

# %% wrong: all unit vectors as one cotangent
# loses: jacobian_by_rows_matrix
def jacobian_by_rows(f_vjp, x, n_out):
    return f_vjp(x, np.eye(n_out))[1]

# %% wrong: a row written into x
# loses: jacobian_by_rows_sweeps
def jacobian_by_rows(f_vjp, x, n_out):
    rows = np.array([f_vjp(x, row)[1] for row in np.eye(n_out)])
    x[:] = rows[0]
    return rows
