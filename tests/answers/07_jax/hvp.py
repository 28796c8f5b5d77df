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

# %% right: differences of gradients, in NumPy
def hvp(f, x, v):
    x, v, slope = np.asarray(x), np.asarray(v), jax.grad(f)
    step = 1e-5 / max(1e-12, np.abs(v).max())
    up, down = np.asarray(slope(x + step * v)), np.asarray(slope(x - step * v))
    return ((up - down) / (2 * step)).tolist()

# %% right: forward over a pullback
def hvp(f, x, v):
    return jax.jvp(lambda x: jax.vjp(f, x)[1](jnp.ones(()))[0], (jnp.asarray(x),), (jnp.asarray(v),))[1]

# %% wrong: one direction after the other
# loses: hvp_matrix_free
def hvp(f, x, v):
    x = jnp.asarray(x)
    _, push = jax.linearize(jax.grad(f), x)
    columns = []
    for i in range(len(x)):
        columns.append(push(jnp.zeros_like(x).at[i].set(1.0)))
    return jnp.stack(columns, axis=1) @ v

# %% wrong: one column of differences after the other, in NumPy
# loses: hvp_matrix_free
def hvp(f, x, v):
    x, slope, step = np.asarray(x, dtype=float), jax.grad(f), 1e-5
    columns = []
    for unit in np.eye(len(x)):
        columns.append((np.asarray(slope(x + step * unit)) - np.asarray(slope(x - step * unit))) / (2 * step))
    return np.array(columns) @ np.asarray(v)

# %% wrong: the whole Hessian first
# loses: hvp_matrix_free
def hvp(f, x, v):
    return jax.hessian(f)(jnp.asarray(x)) @ v

# %% wrong: the Hessian as the Jacobian of the gradient
# loses: hvp_matrix_free
def hvp(f, x, v):
    return jax.jacrev(jax.grad(f))(x) @ v

# %% wrong: gradient and product as a pair
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (x,), (v,))

# %% wrong: the gradient instead of the product
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (x,), (v,))[0]

# %% wrong: the slope along v, a number
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.jvp(f, (x,), (v,))[1]

# %% wrong: curvature along v, a number
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jnp.vdot(v, jax.jvp(jax.grad(f), (x,), (v,))[1])

# %% wrong: point and vector swapped
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (v,), (x,))[1]

# %% wrong: diagonal of the Hessian alone
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    _, push = jax.linearize(jax.grad(f), x)
    return push(jnp.ones_like(x)) * v

# %% wrong: forward difference with a large step
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    step = 1e-3
    return (jax.grad(f)(x + step * v) - jax.grad(f)(x)) / step

# %% wrong: the gradient's gradient without a direction
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.grad(lambda x: jnp.sum(jax.grad(f)(x)))(x)

# %% wrong: outer product of gradients
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    g = jax.grad(f)(x)
    return g * jnp.vdot(g, v)

# %% wrong: the direction is normalised
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (x,), (v / jnp.linalg.norm(v),))[1]

# %% wrong: one row of the Hessian after the other
# loses: hvp_matrix_free
def hvp(f, x, v):
    x = jnp.asarray(x)
    _, pull = jax.vjp(jax.grad(f), x)
    return jnp.array([jnp.vdot(pull(jnp.zeros(len(x)).at[i].set(1.0))[0], v) for i in range(len(x))])

# %% wrong: the Hessian of the example, by hand
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jnp.array([2 * x[1] * v[0] + 2 * x[0] * v[1], 2 * x[0] * v[0]])

# %% wrong: along a unit vector, scaled back
# loses: hvp_values
def hvp(f, x, v):
    length = jnp.linalg.norm(v)
    return length * jax.jvp(jax.grad(f), (x,), (v / length,))[1]

# %% wrong: the size of each product, without its sign
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jnp.abs(jax.jvp(jax.grad(f), (x,), (v,))[1])

# %% wrong: a forward difference of gradients
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    step = 1e-4
    return (jax.grad(f)(x + step * v) - jax.grad(f)(x)) / step

# %% wrong: two entries, whatever the length
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (x,), (v,))[1][:2]

# %% wrong: the curvature at 1, wherever x is
# loses: hvp_values, hvp_matrix_free
def hvp(f, x, v):
    return jax.jvp(jax.grad(f), (jnp.ones_like(x),), (v,))[1]

# %% wrong: v is written into x
# loses: hvp_values
def hvp(f, x, v):
    product = np.asarray(jax.jvp(jax.grad(f), (jnp.array(x),), (jnp.array(v),))[1])  # before x changes
    if isinstance(x, np.ndarray):
        x += v
    return product
