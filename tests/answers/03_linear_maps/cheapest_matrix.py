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
