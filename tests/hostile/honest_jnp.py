# /// case
# title = "jnp used for arithmetic in a by-hand chapter"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    x1, dx1, x2, dx2 = map(jnp.asarray, (x1, dx1, x2, dx2))
    return jnp.multiply(x1, x2), dx1 * x2 + x1 * dx2

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    return jnp.stack([jnp.atleast_1d(jnp.asarray(f_jvp(x, e)[1])) for e in np.eye(len(x))], axis=1)
