# %% right: gradient descent that adapts its rate
def fit(data, model):
    value_and_grad = jax.jit(jax.value_and_grad(lambda pars: nll(pars, data, model)))
    scale = jnp.diag(jax.hessian(nll)(jnp.asarray(model.config.suggested_init()), data, model))
    pars, rate = jnp.asarray(model.config.suggested_init()), 1.0
    value, slope = value_and_grad(pars)
    for _ in range(3000):
        trial = pars - rate * slope / scale
        trial_value, trial_slope = value_and_grad(trial)
        if trial_value <= value:
            pars, value, slope, rate = trial, trial_value, trial_slope, rate * 1.2
        else:
            rate = rate / 2
        if jnp.max(jnp.abs(slope)) < 1e-6:
            break
    return pars

# %% right: compiled Newton with plain steps
def fit(data, model):
    f = lambda pars: nll(pars, data, model)

    @jax.jit
    def step(pars):
        return pars - jnp.linalg.solve(jax.hessian(f)(pars), jax.grad(f)(pars))

    pars = jnp.ones(len(model.config.suggested_init()))
    for _ in range(30):
        pars = step(pars)
    return np.asarray(pars)

# %% right: SciPy's BFGS with the exact gradient
def fit(data, model):
    from scipy.optimize import minimize

    f = jax.jit(jax.value_and_grad(lambda pars: nll(pars, data, model)))
    value_and_grad = lambda pars: tuple(np.asarray(part, float) for part in f(pars))
    bounds = [(1e-6, 10.0)] * len(model.config.suggested_init())
    result = minimize(value_and_grad, model.config.suggested_init(), jac=True, bounds=bounds, options={"ftol": 1e-14})
    return result.x.tolist()

# %% right: SciPy finds the zero of the gradient
def fit(data, model):
    from scipy.optimize import root

    gradient = jax.grad(nll)
    curvature = jax.hessian(nll)
    return root(
        lambda pars: np.asarray(gradient(jnp.asarray(pars), data, model)),
        model.config.suggested_init(),
        jac=lambda pars: np.asarray(curvature(jnp.asarray(pars), data, model)),
    ).x

# %% right: Fisher scoring, with the expected instead of the observed Hessian
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(15):
        asimov = model.expected_data(pars)
        fisher = jax.hessian(nll)(pars, asimov, model)
        pars = pars - jnp.linalg.solve(fisher, jax.grad(nll)(pars, data, model))
    return tuple(float(p) for p in pars)

# %% right: SciPy's trust region with the exact Hessian-vector product
def fit(data, model):
    from scipy.optimize import minimize

    f = lambda pars: nll(pars, data, model)
    slope = jax.jit(jax.grad(f))
    product = jax.jit(lambda pars, v: jax.jvp(jax.grad(f), (pars,), (v,))[1])
    start = np.asarray(model.config.suggested_init(), float)
    options = {"xtol": 1e-9}
    return minimize(
        lambda pars: float(f(jnp.asarray(pars))),
        start,
        method="Newton-CG",
        jac=lambda pars: np.asarray(slope(pars)),
        hessp=lambda pars, v: np.asarray(product(pars, v)),
        options=options,
    ).x

# %% wrong: the suggested start
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    return jnp.asarray(model.config.suggested_init())

# %% wrong: a fixed rate that suits one bin
# loses: fit_two_bins, fit_four_bins
def fit(data, model):
    gradient = jax.jit(jax.grad(lambda pars: nll(pars, data, model)))
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(1000):
        pars = pars - 0.08 * gradient(pars)
    return pars

# %% wrong: a rate small enough for all, and too few steps
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    gradient = jax.jit(jax.grad(lambda pars: nll(pars, data, model)))
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(200):
        pars = pars - 0.003 * gradient(pars)
    return pars

# %% wrong: uphill on minus log L
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    gradient = jax.jit(jax.grad(lambda pars: nll(pars, data, model)))
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(200):
        pars = pars + 0.003 * gradient(pars)
    return pars

# %% wrong: one Newton step
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    return pars - jnp.linalg.solve(jax.hessian(nll)(pars, data, model), jax.grad(nll)(pars, data, model))

# %% wrong: formula of one bin
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    return jnp.array([(data[0] - 10.0) / 5.0, 1.0])

# %% wrong: mu alone, background held fixed
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(8):
        slope = jax.grad(nll)(pars, data, model)[0]
        curvature = jax.hessian(nll)(pars, data, model)[0, 0]
        pars = pars.at[0].add(-slope / curvature)
    return pars

# %% wrong: mu alone is returned
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(30):
        pars = pars - jnp.linalg.solve(jax.hessian(nll)(pars, data, model), jax.grad(nll)(pars, data, model))
    return pars[0]

# %% wrong: parameters and value
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(30):
        pars = pars - jnp.linalg.solve(jax.hessian(nll)(pars, data, model), jax.grad(nll)(pars, data, model))
    return pars, nll(pars, data, model)

# %% wrong: signal strength fixed at 1
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(30):
        slope, curvature = jax.grad(nll)(pars, data, model), jax.hessian(nll)(pars, data, model)
        pars = pars.at[1:].add(-jnp.linalg.solve(curvature[1:, 1:], slope[1:]))
    return pars

# %% wrong: a coarse scan of mu
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    best = None
    for mu in np.linspace(0.0, 5.0, 30):
        pars = jnp.asarray(model.config.suggested_init()).at[0].set(mu)
        value = float(nll(pars, data, model))
        if best is None or value < best[0]:
            best = (value, pars)
    return best[1]

# %% wrong: stops when nll hardly changes
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    value_and_grad = jax.jit(jax.value_and_grad(lambda pars: nll(pars, data, model)))
    pars = jnp.asarray(model.config.suggested_init())
    value, slope = value_and_grad(pars)
    for _ in range(5000):
        pars = pars - 0.004 * slope
        before = value
        value, slope = value_and_grad(pars)
        if abs(value - before) < 1e-3:
            break
    return pars

# %% wrong: pyhf's own fit
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    return pyhf.infer.mle.fit(jnp.asarray(data), model)

# %% wrong: pyhf's optimizer by another name
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    _, optimizer = pyhf.get_backend()
    config = model.config
    objective = pyhf.infer.mle.twice_nll
    return optimizer.minimize(
        objective, jnp.asarray(data), model, config.suggested_init(), config.suggested_bounds(), []
    )

# %% wrong: a scan of mu in steps of 0.1
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    points = jnp.ones((101, len(model.config.suggested_init()))).at[:, 0].set(jnp.linspace(0.0, 10.0, 101))
    values = jax.vmap(lambda pars: nll(pars, data, model))(points)
    return points[jnp.argmin(values)]

# %% wrong: the auxiliary data of the model instead of those given
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    data = observed(np.asarray(data)[: model.config.nmaindata], model)
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(30):
        pars = pars - jnp.linalg.solve(jax.hessian(nll)(pars, data, model), jax.grad(nll)(pars, data, model))
    return pars

# %% wrong: the fits of the examples
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    return jnp.ones(len(model.config.suggested_init())).at[0].set(2.0)

# %% wrong: mu is kept between 0 and 5
# loses: fit_one_bin
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(30):
        pars = pars - jnp.linalg.solve(jax.hessian(nll)(pars, data, model), jax.grad(nll)(pars, data, model))
        pars = pars.at[0].set(jnp.clip(pars[0], 0.0, 5.0))
    return pars

# %% wrong: rounded to two digits
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(30):
        pars = pars - jnp.linalg.solve(jax.hessian(nll)(pars, data, model), jax.grad(nll)(pars, data, model))
    return pars.round(2)

# %% wrong: an nll with the wrong sign, and steps that go downhill on it
# loses: fit_one_bin, fit_two_bins, fit_four_bins
def nll(pars, data, model):
    return model.logpdf(pars, data)[0]


def fit(data, model):
    pars = jnp.asarray(model.config.suggested_init())
    for _ in range(20):
        pars = pars - 0.003 * jax.grad(nll)(pars, data, model)
    return pars
