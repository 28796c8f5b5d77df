# %% right: forward mode at each point
def derivative_on_grid(f):
    def slope(x):
        return jax.jvp(f, (x,), (jnp.ones_like(x),))[1]

    return jax.vmap(slope)

# %% right: a Python loop over the points
def derivative_on_grid(f):
    slope = jax.grad(f)
    return lambda grid: [float(slope(float(x))) for x in grid]

# %% right: diagonal of the Jacobian of the mapped function
def derivative_on_grid(f):
    mapped = jax.vmap(f)

    def derivative(grid):
        return jnp.diag(jax.jacrev(mapped)(jnp.asarray(grid)))

    return derivative

# %% right: sum of the mapped function
def derivative_on_grid(f):
    def total(grid):
        return jnp.sum(jax.vmap(f)(grid))

    return jax.grad(total)

# %% right: compiled, one step of lax.map after the other
def derivative_on_grid(f):
    slope = jax.grad(f)

    @jax.jit
    def derivative(grid):
        return jax.lax.map(slope, grid)

    return derivative

# %% right: vjp at each point
def derivative_on_grid(f):
    def slope(x):
        value, pullback = jax.vjp(f, x)
        return pullback(jnp.ones_like(value))[0]

    return lambda grid: jnp.stack([slope(x) for x in jnp.asarray(grid, float)])

# %% wrong: np.gradient on the grid
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    def derivative(grid):
        values = np.array([float(f(x)) for x in grid])
        return np.gradient(values, grid)

    return derivative

# %% wrong: sum of f on the whole grid
# loses: derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.grad(lambda grid: jnp.sum(f(grid)))

# %% wrong: grad of the mapped function
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.grad(jax.vmap(f))

# %% wrong: grad alone
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.grad(f)

# %% wrong: the values instead of the slopes
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.vmap(f)

# %% wrong: value and slope as a pair
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.vmap(jax.value_and_grad(f))

# %% wrong: the whole Jacobian
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.jacfwd(jax.vmap(f))

# %% wrong: slopes on a grid of its own
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    grid = jnp.linspace(-5.0, 5.0, 11)
    return jax.vmap(jax.grad(f))(grid)

# %% wrong: a large step of finite differences
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    step = 1e-2
    slope = lambda x: (f(x + step) - f(x - step)) / (2 * step)
    return jax.vmap(slope)

# %% wrong: second derivative
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.vmap(jax.grad(jax.grad(f)))

# %% wrong: vjp of the mapped function with a cotangent for one point
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    def derivative(grid):
        grid = jnp.asarray(grid)
        _, pullback = jax.vjp(jax.vmap(f), grid)
        return pullback(jnp.zeros(len(grid)).at[0].set(1.0))[0]

    return derivative

# %% wrong: the cosine, whatever f is
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jnp.cos

# %% wrong: the grid is sorted first
# loses: derivative_on_grid_values
def derivative_on_grid(f):
    return lambda grid: jax.vmap(jax.grad(f))(jnp.sort(jnp.asarray(grid)))

# %% wrong: the steepness without its sign
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return lambda grid: jnp.abs(jax.vmap(jax.grad(f))(jnp.asarray(grid)))

# %% wrong: a step in proportion to x, divided out again
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return jax.vmap(lambda x: jax.jvp(f, (x,), (1e-3 * x,))[1] / (1e-3 * x))

# %% wrong: np.gradient on the sorted grid, refined by small steps
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    def derivative(grid):
        return [float(np.gradient([float(f(x - 0.01)), float(f(x)), float(f(x + 0.01))], 0.01)[1]) for x in grid]

    return derivative

# %% wrong: slopes of a grid between 0 and 1 only
# loses: derivative_on_grid_values, derivative_on_grid_one_number
def derivative_on_grid(f):
    return lambda grid: jax.vmap(jax.grad(f))(jnp.clip(jnp.asarray(grid), 0.0, 1.0))
