# %% right: lax.cond
def control_flow_func(x):
    return jax.lax.cond(x > 2, lambda x: x**2, lambda x: x**3, x)

# %% right: a mask
def control_flow_func(x):
    above = x > 2
    return above * x**2 + (1 - above) * x**3

# %% right: select
def control_flow_func(x):
    return jnp.select([x > 2, x <= 2], [x * x, x * x * x])

# %% right: switch
def control_flow_func(x):
    return jax.lax.switch(jnp.asarray(x > 2, int), [lambda x: x**3, lambda x: x**2], x)

# %% right: pick the last factor
def control_flow_func(x):
    return x * x * jnp.where(x > 2, 1.0, x)

# %% right: piecewise
def control_flow_func(x):
    return jnp.piecewise(jnp.asarray(x), [x > 2], [lambda x: x**2, lambda x: x**3])

# %% right: sign and absolute value
def control_flow_func(x):
    return jnp.where(x > 2, jnp.square(x), jnp.sign(x) * jnp.abs(x) ** 3)

# %% right: where inside where, each branch with a harmless input
def control_flow_func(x):
    above = jnp.where(x > 2, x, 2.0)
    below = jnp.where(x > 2, 0.0, x)
    return jnp.where(x > 2, above**2, below**3)

# %% wrong: a Python if
# loses: control_flow_func_jit, control_flow_func_vmap
def control_flow_func(x):
    if x > 2:
        return x**2
    else:
        return x**3

# %% wrong: if with jnp.any
# loses: control_flow_func_jit, control_flow_func_vmap
def control_flow_func(x):
    if jnp.any(x > 2):
        return x**2
    return x**3

# %% wrong: 2 belongs to the wrong side
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return jnp.where(x >= 2, x**2, x**3)

# %% wrong: branches swapped
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return jnp.where(x > 2, x**3, x**2)

# %% wrong: np.where
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return np.where(x > 2, x**2, x**3)

# %% wrong: cubes by way of the logarithm
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return jnp.where(x > 2, x**2, jnp.exp(3 * jnp.log(x)))

# %% wrong: a smooth step
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    above = jax.nn.sigmoid(50.0 * (x - 2.0))
    return above * x**2 + (1.0 - above) * x**3

# %% wrong: half of each at 2
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    above = jnp.heaviside(x - 2.0, 0.5)
    return above * x**2 + (1.0 - above) * x**3

# %% wrong: float of the tracer
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    x = float(x)
    return jnp.where(x > 2, x**2, x**3)

# %% wrong: root of the negative side gives NaN slopes
# loses: control_flow_func_slope
def control_flow_func(x):
    square = jnp.where(x > 2, jnp.sqrt(x - 2) ** 2 + 2, 0.0) ** 2
    return jnp.where(x > 2, square, x**3)

# %% wrong: gradient stopped on the lower branch
# loses: control_flow_func_slope
def control_flow_func(x):
    return jnp.where(x > 2, x**2, jax.lax.stop_gradient(x**3))

# %% wrong: three tangents, through the examples only
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return jnp.where(x > 2, 6 * x - 9, jnp.where(x > 0, 12 * x - 16, 3 * x + 2))

# %% wrong: the distance from 0 decides
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return jnp.where(jnp.abs(x) > 2, x**2, x**3)

# %% wrong: whole numbers decide
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return jnp.where(jnp.floor(x) > 2, x**2, x**3)

# %% wrong: a cube by a division
# loses: control_flow_func_jit, control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    return jnp.where(x > 2, x**2, x**4 / x)

# %% wrong: squares by way of the logarithm
# loses: control_flow_func_slope
def control_flow_func(x):
    return jnp.where(x > 2, jnp.exp(2 * jnp.log(x)), x**3)

# %% wrong: a derivative that stops above 3
# loses: control_flow_func_slope
def control_flow_func(x):
    held = jnp.where(x > 3, jax.lax.stop_gradient(x), x)
    return jnp.where(x > 2, held**2, x**3)

# %% wrong: a derivative that stops below -1
# loses: control_flow_func_slope
def control_flow_func(x):
    held = jnp.where(x < -1, jax.lax.stop_gradient(x), x)
    return jnp.where(x > 2, x**2, held**3)

# %% wrong: a map that looks at the first point only
# loses: control_flow_func_vmap, control_flow_func_slope
def control_flow_func(x):
    from jax.custom_batching import custom_vmap

    @custom_vmap
    def branch(x):
        return jnp.where(x > 2, x**2, x**3)

    @branch.def_vmap
    def _(size, batched, x):
        return jnp.where(x[0] > 2, x**2, x**3), True

    try:
        return branch(x)
    except NotImplementedError:
        return jnp.where(x > 2, x**2, x**3)
