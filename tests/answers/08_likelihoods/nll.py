# %% right: summed instead of indexed
def nll(pars, data, model):
    return -jnp.sum(model.logpdf(jnp.asarray(pars), jnp.asarray(data)))

# %% right: half of pyhf's own twice_nll
def nll(pars, data, model):
    return pyhf.infer.mle.twice_nll(jnp.asarray(pars), jnp.asarray(data), model)[0] / 2

# %% right: logarithm of the density
def nll(pars, data, model):
    (density,) = model.pdf(jnp.asarray(pars), jnp.asarray(data))
    return -jnp.log(density)

# %% right: Poisson terms from the expected data
def nll(pars, data, model):
    rates = jax.jit(model.expected_data)(jnp.asarray(pars))
    data = jnp.asarray(data)
    return jnp.sum(rates - data * jnp.log(rates) + jax.scipy.special.gammaln(data + 1))

# %% right: reshaped to a scalar
def nll(pars, data, model):
    return (-1.0 * model.logpdf(pars, data)).reshape(())

# %% right: one bin after the other
def nll(pars, data, model):
    rates, data = jax.jit(model.expected_data)(jnp.asarray(pars)), jnp.asarray(data)
    total = 0.0
    for rate, count in zip(rates, data):
        total = total + rate - count * jnp.log(rate) + jax.scipy.special.gammaln(count + 1)
    return total

# %% wrong: without the minus
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return model.logpdf(pars, data)[0]

# %% wrong: an array of one number
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return -model.logpdf(pars, data)

# %% wrong: twice minus log L
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return pyhf.infer.mle.twice_nll(jnp.asarray(pars), jnp.asarray(data), model)[0]

# %% wrong: a Python float
# loses: nll_differentiable
def nll(pars, data, model):
    return -float(model.logpdf(pars, data)[0])

# %% wrong: NumPy in between
# loses: nll_differentiable
def nll(pars, data, model):
    return -np.asarray(model.logpdf(pars, data))[0]

# %% wrong: gradient stopped by item()
# loses: nll_differentiable
def nll(pars, data, model):
    return -model.logpdf(pars, data).item()

# %% wrong: without the constraint of the background
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    pars, data = jnp.asarray(pars), jnp.asarray(data)
    constraint = jax.jit(model.constraint_logpdf)(data[model.config.nmaindata:], pars)
    return -(model.logpdf(pars, data) - constraint).sum()

# %% wrong: the constraint alone
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    data = jnp.asarray(data)
    return -model.constraint_logpdf(data[model.config.nmaindata:], jnp.asarray(pars)).sum()

# %% wrong: the likelihood instead of its logarithm
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return -model.pdf(jnp.asarray(pars), jnp.asarray(data))[0]

# %% wrong: without the constant terms
# loses: nll_value
def nll(pars, data, model):
    rates = jax.jit(model.expected_data)(jnp.asarray(pars))
    return jnp.sum(rates - jnp.asarray(data) * jnp.log(rates))

# %% wrong: always at the suggested start
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return -model.logpdf(model.config.suggested_init(), data)[0]

# %% wrong: mean over the bins
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return -model.logpdf(pars, data)[0] / len(data)

# %% wrong: the auxiliary data of the model instead of those given
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    counts = jnp.asarray(data)[: model.config.nmaindata]
    return -model.logpdf(pars, jnp.concatenate([counts, jnp.asarray(model.config.auxdata)]))[0]

# %% wrong: log_l_by_hand of the lecture, for one bin
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    def log_pois(n, rate):
        return n * jnp.log(rate) - rate - jax.scipy.special.gammaln(n + 1)

    return -(log_pois(data[0], pars[0] * 5.0 + pars[1] * 10.0) + log_pois(data[1], pars[1] * (10.0 / 3.5) ** 2))

# %% wrong: the example's value, and nothing else
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return 4.25748227 + 0.0 * jnp.sum(jnp.asarray(pars))

# %% wrong: a signal strength that cannot be negative
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    pars = jnp.asarray(pars)
    return -model.logpdf(pars.at[0].set(jnp.abs(pars[0])), data)[0]

# %% wrong: whole counts, also for the auxiliary data
# loses: nll_value, nll_differentiable
def nll(pars, data, model):
    return -model.logpdf(pars, jnp.round(jnp.asarray(data)))[0]

# %% wrong: empty bins are left out
# loses: nll_value
def nll(pars, data, model):
    rates, data = jax.jit(model.expected_data)(jnp.asarray(pars)), jnp.asarray(data)
    terms = rates - data * jnp.log(rates) + jax.scipy.special.gammaln(data + 1)
    return jnp.sum(jnp.where(data > 0, terms, 0.0))

# %% wrong: the gradient is stopped at the rates
# loses: nll_differentiable
def nll(pars, data, model):
    return -model.logpdf(jax.lax.stop_gradient(jnp.asarray(pars)), data)[0]
