# %% right: gradient of the directional derivative
def hvp(f, x, v):
    return jax.grad(lambda x: jnp.vdot(jax.grad(f)(x), v))(x)

# %% right: reverse over forward
def hvp(f, x, v):
    def slope(x):
        return jax.jvp(f, (x,), (v,))[1]

    return jax.grad(slope)(x)

# %% right: linearised gradient
def hvp(f, x, v):
    _, push = jax.linearize(jax.grad(f), x)
    return push(v)

# %% right: the Hessian is symmetric, so pull v back through the gradient
def hvp(f, x, v):
    _, pullback = jax.vjp(jax.grad(f), x)
    return pullback(v)[0]

# %% right: derivative along the line x + t v
def hvp(f, x, v):
    return jax.jacfwd(lambda t: jax.grad(f)(x + t * v))(0.0)

# %% right: central difference of exact gradients
def hvp(f, x, v):
    x, v = jnp.asarray(x), jnp.asarray(v)
    step = 1e-5 / jnp.maximum(1e-12, jnp.max(jnp.abs(v)))
    return (jax.grad(f)(x + step * v) - jax.grad(f)(x - step * v)) / (2 * step)

# %% wrong: the whole Hessian first
# loses: hvp_million
def hvp(f, x, v):
    return jax.hessian(f)(jnp.asarray(x)) @ v

# %% wrong: the Hessian as the Jacobian of the gradient
# loses: hvp_million
def hvp(f, x, v):
    return jax.jacrev(jax.grad(f))(x) @ v

# %% wrong: gradient and product as a pair
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (x,), (v,))

# %% wrong: the gradient instead of the product
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (x,), (v,))[0]

# %% wrong: the slope along v, a number
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    return jax.jvp(f, (x,), (v,))[1]

# %% wrong: curvature along v, a number
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    return jnp.vdot(v, jax.jvp(jax.grad(f), (x,), (v,))[1])

# %% wrong: point and vector swapped
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (v,), (x,))[1]

# %% wrong: diagonal of the Hessian alone
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    _, push = jax.linearize(jax.grad(f), x)
    return push(jnp.ones_like(x)) * v

# %% wrong: forward difference with a large step
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    step = 1e-3
    return (jax.grad(f)(x + step * v) - jax.grad(f)(x)) / step

# %% wrong: the gradient's gradient without a direction
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    return jax.grad(lambda x: jnp.sum(jax.grad(f)(x)))(x)

# %% wrong: outer product of gradients
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    g = jax.grad(f)(x)
    return g * jnp.vdot(g, v)

# %% wrong: the direction is normalised
# loses: hvp_values, hvp_million
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (x,), (v / jnp.linalg.norm(v),))[1]
