# /// case
# title = "A by-hand exercise answered with JAX's own derivatives"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return jax.jvp(jnp.multiply, (x1, x2), (dx1, dx2))

# %% answer sum_jvp
from jax import linearize

def sum_jvp(x1, dx1, x2, dx2):
    value, push = linearize(jnp.add, x1, x2)
    return value, push(dx1, dx2)

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    from jax import jacfwd
    return jacfwd(lambda x: jnp.asarray(f_jvp(x, x)[0]))(x)
