# %% right: forward over forward
def hessian_uncertainties(pars, data, model):
    f = lambda p: nll(p, data, model)
    H = jax.jacfwd(jax.jacfwd(f))(jnp.asarray(pars, dtype=float))
    return np.sqrt(np.diagonal(np.linalg.inv(H))).tolist()

# %% right: one linear solve a parameter
def hessian_uncertainties(pars, data, model):
    pars = jnp.asarray(pars)
    H = jax.jacrev(jax.grad(nll))(pars, data, model)
    unit = jnp.eye(len(pars))
    return [float(np.sqrt(jnp.linalg.solve(H, e) @ e)) for e in unit]

# %% right: inverse through the Cholesky factor
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    half = np.linalg.inv(np.linalg.cholesky(np.asarray(H)))
    return np.sqrt((half**2).sum(axis=0))

# %% right: central differences of the exact gradient
def hessian_uncertainties(pars, data, model):
    pars, step = np.asarray(pars, dtype=float), 1e-5
    slope = lambda p: np.asarray(jax.grad(nll)(jnp.asarray(p), data, model))
    rows = [(slope(pars + step * e) - slope(pars - step * e)) / (2 * step) for e in np.eye(len(pars))]
    return np.sqrt(np.diag(np.linalg.inv(np.array(rows))))

# %% right: eigenvalues and eigenvectors
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    values, vectors = np.linalg.eigh(np.asarray(H))
    return np.sqrt((vectors**2 / values).sum(axis=1))

# %% right: from the Jacobian of the expected rates
def hessian_uncertainties(pars, data, model):
    pars, data = jnp.asarray(pars), jnp.asarray(data)
    rates = model.expected_data(pars)
    J = jax.jacfwd(model.expected_data)(pars)
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(J.T @ (J * (data / rates**2)[:, None]))))

# %% wrong: one over the root of the diagonal
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    return 1 / jnp.sqrt(jnp.diag(H))

# %% wrong: variances
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    return jnp.diag(jnp.linalg.inv(H))

# %% wrong: root of the diagonal of the Hessian
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    return jnp.sqrt(jnp.diag(H))

# %% wrong: Hessian of minus two log L
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(lambda p: 2 * nll(p, data, model))(jnp.asarray(pars))
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(H)))

# %% wrong: Hessian of plus log L
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(lambda p: model.logpdf(p, data)[0])(jnp.asarray(pars))
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(H)))

# %% wrong: fits before it looks
# loses: hessian_uncertainties_any_point
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(fit(data, model)), data, model)
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(H)))

# %% wrong: at the suggested start
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(model.config.suggested_init()), data, model)
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(H)))

# %% wrong: the whole inverse
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    return jnp.sqrt(jnp.linalg.inv(H))

# %% wrong: inverse of a two by two matrix, by hand
# loses: hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    determinant = H[0, 0] * H[1, 1] - H[0, 1] ** 2
    return jnp.sqrt(jnp.array([H[1, 1], H[0, 0]]) / determinant)

# %% wrong: the expected Hessian instead of the observed one
# loses: hessian_uncertainties_any_point
def hessian_uncertainties(pars, data, model):
    expected = model.expected_data(jnp.asarray(pars))
    H = jax.hessian(nll)(jnp.asarray(pars), expected, model)
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(H)))

# %% wrong: outer product of the gradient
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    slope = jax.grad(nll)(jnp.asarray(pars), data, model)
    H = jnp.outer(slope, slope) + 1e-9 * jnp.eye(len(slope))
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(H)))

# %% wrong: differences of nll with a step that is too small
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    pars, step = np.asarray(pars, dtype=float), 1e-8
    f = lambda p: float(nll(p, data, model))
    unit = step * np.eye(len(pars))
    H = [[(f(pars + a + b) - f(pars + a) - f(pars + b) + f(pars)) / step**2 for a in unit] for b in unit]
    with np.errstate(all="ignore"):
        return np.sqrt(np.diag(np.linalg.pinv(np.array(H))))

# %% wrong: the auxiliary data of the model instead of those given
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point
def hessian_uncertainties(pars, data, model):
    data = observed(np.asarray(data)[: model.config.nmaindata], model)
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(jax.hessian(nll)(jnp.asarray(pars), data, model))))

# %% wrong: error propagation by hand, for one bin at its fit
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    return [np.sqrt(data[0] + 12.25) / 5.0, 0.35]

# %% wrong: mu at 1, whatever is given
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    at = jnp.asarray(pars).at[0].set(1.0)
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(jax.hessian(nll)(at, data, model))))

# %% wrong: each gamma with mu alone
# loses: hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def hessian_uncertainties(pars, data, model):
    H = jax.hessian(nll)(jnp.asarray(pars), data, model)
    gammas = [jnp.linalg.inv(H[jnp.ix_(part, part)]) for part in (jnp.array([0, i]) for i in range(1, len(H)))]
    return jnp.sqrt(jnp.array([gammas[0][0, 0], *(part[1, 1] for part in gammas)]))

# %% wrong: an nll with a factor of 2
# loses: hessian_uncertainties_one_bin, hessian_uncertainties_any_point, hessian_uncertainties_two_bins, hessian_uncertainties_four_bins
def nll(pars, data, model):
    return -2 * model.logpdf(pars, data)[0]


def hessian_uncertainties(pars, data, model):
    return jnp.sqrt(jnp.diag(jnp.linalg.inv(jax.hessian(nll)(jnp.asarray(pars), data, model))))

# %% wrong: the parameters are moved by a step, in place
# loses: hessian_uncertainties_any_point
def hessian_uncertainties(pars, data, model):
    result = jnp.sqrt(jnp.diag(jnp.linalg.inv(jax.hessian(nll)(jnp.array(pars), jnp.array(data), model))))
    if isinstance(pars, np.ndarray):
        pars += np.asarray(result)
    return result
