# %% right: columns when there are as many inputs as outputs
def cheapest_matrix(mvp, vmp, n_in, n_out):
    return matrix_from_mvp(mvp, n_in) if n_in <= n_out else matrix_from_vmp(vmp, n_out)


# %% right: written out, lists only
def cheapest_matrix(mvp, vmp, n_in, n_out):
    program, n = (vmp, n_out) if n_out < n_in else (mvp, n_in)
    answers = []
    for k in range(n):
        answers.append([float(v) for v in program([1.0 if i == k else 0.0 for i in range(n)])])
    return answers if program is vmp else [list(row) for row in zip(*answers)]


# %% right: the transpose for the other branch
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if n_out > n_in:
        return np.asarray(matrix_from_vmp(mvp, n_in)).T
    return matrix_from_vmp(vmp, n_out)


# %% right: jax arithmetic with a rescaled basis
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if min(n_in, n_out) == n_in:
        return jnp.stack([jnp.asarray(mvp(3.0 * e)) for e in jnp.eye(n_in)], axis=1) / 3.0
    return jnp.stack([jnp.asarray(vmp(3.0 * e)) for e in jnp.eye(n_out)]) / 3.0


# %% wrong: the branches exchanged
# loses: cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if n_in > n_out:
        return matrix_from_mvp(mvp, n_in)
    return matrix_from_vmp(vmp, n_out)


# %% wrong: always by columns
# loses: cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    return matrix_from_mvp(mvp, n_in)


# %% wrong: always by rows
# loses: cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    return matrix_from_vmp(vmp, n_out)


# %% wrong: both recovered, one thrown away
# loses: cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    by_columns, by_rows = matrix_from_mvp(mvp, n_in), matrix_from_vmp(vmp, n_out)
    return by_columns if n_in < n_out else by_rows


# %% wrong: columns not transposed
# loses: cheapest_matrix_entries
def cheapest_matrix(mvp, vmp, n_in, n_out):
    program, n = (mvp, n_in) if n_in < n_out else (vmp, n_out)
    return np.array([program(e) for e in np.eye(n)])


# %% wrong: rows transposed as well
# loses: cheapest_matrix_entries
def cheapest_matrix(mvp, vmp, n_in, n_out):
    program, n = (mvp, n_in) if n_in < n_out else (vmp, n_out)
    return np.array([program(e) for e in np.eye(n)]).T


# %% wrong: the wrong length handed to the right recovery
# loses: cheapest_matrix_entries, cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if n_in < n_out:
        return matrix_from_mvp(mvp, n_out)
    return matrix_from_vmp(vmp, n_in)


# %% wrong: a call of both to compare their lengths
# loses: cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if len(mvp(np.zeros(n_in))) < len(vmp(np.zeros(n_out))):
        return matrix_from_vmp(vmp, n_out)
    return matrix_from_mvp(mvp, n_in)


# %% wrong: the square map forgotten
# loses: cheapest_matrix_entries, cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if n_in < n_out:
        return matrix_from_mvp(mvp, n_in)
    if n_in > n_out:
        return matrix_from_vmp(vmp, n_out)


# %% right: every call written into its place
def cheapest_matrix(mvp, vmp, n_in, n_out):
    matrix = np.full((n_out, n_in), np.nan)
    for k in range(min(n_in, n_out)):
        if n_in < n_out:
            matrix[:, k] = mvp(np.eye(n_in)[k])
        else:
            matrix[k, :] = vmp(np.eye(n_out)[k])
    return matrix


# %% wrong: rows and columns of zeros left out
# loses: cheapest_matrix_entries
def cheapest_matrix(mvp, vmp, n_in, n_out):
    program, n = (mvp, n_in) if n_in < n_out else (vmp, n_out)
    answers = [np.asarray(program(e)) for e in np.eye(n)]
    rows = np.array([answer for answer in answers if answer.any()])
    return rows.T if n_in < n_out else rows


# %% wrong: rounded to look tidy
# loses: cheapest_matrix_entries
def cheapest_matrix(mvp, vmp, n_in, n_out):
    matrix = matrix_from_mvp(mvp, n_in) if n_in < n_out else matrix_from_vmp(vmp, n_out)
    return np.round(matrix, 5)


# %% wrong: the first basis vector in each call
# loses: cheapest_matrix_entries, cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if n_in < n_out:
        return np.stack([mvp(np.eye(n_in)[0]) for _ in range(n_in)], axis=1)
    return np.stack([vmp(np.eye(n_out)[0]) for _ in range(n_out)])


# %% wrong: the matrix of the example written down
# loses: cheapest_matrix_entries, cheapest_matrix_calls
def cheapest_matrix(mvp, vmp, n_in, n_out):
    return [[2, 0, 0], [0, 1, 3]]


# %% wrong: the transpose of a wide map
# loses: cheapest_matrix_entries
def cheapest_matrix(mvp, vmp, n_in, n_out):
    if n_in < n_out:
        return matrix_from_mvp(mvp, n_in)
    matrix = matrix_from_vmp(vmp, n_out)
    return matrix if n_out == 2 else matrix.T


# %% wrong: built on a recovery by columns that gives the transpose
# loses: cheapest_matrix_entries
def matrix_from_mvp(mvp, n_in):
    return np.array([mvp(e) for e in np.eye(n_in)])


def cheapest_matrix(mvp, vmp, n_in, n_out):
    return matrix_from_mvp(mvp, n_in) if n_in < n_out else matrix_from_vmp(vmp, n_out)


# %% wrong: built on a recovery by rows that gives the transpose
# loses: cheapest_matrix_entries
def matrix_from_vmp(vmp, n_out):
    return np.array([vmp(e) for e in np.eye(n_out)]).T


def cheapest_matrix(mvp, vmp, n_in, n_out):
    return matrix_from_mvp(mvp, n_in) if n_in < n_out else matrix_from_vmp(vmp, n_out)


# %% wrong: built on a recovery by rows of whole numbers
# loses: cheapest_matrix_entries
def matrix_from_vmp(vmp, n_out):
    return np.array([vmp(e) for e in np.eye(n_out)]).astype(int)


def cheapest_matrix(mvp, vmp, n_in, n_out):
    return matrix_from_mvp(mvp, n_in) if n_in < n_out else matrix_from_vmp(vmp, n_out)
