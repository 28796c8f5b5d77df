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
