# /// case
# title = "A notebook that says the chapter is not one to be answered by hand"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return jax.jvp(jnp.multiply, (x1, x2), (dx1, dx2))

# %% make
notebook.metadata.triptych = {"by_hand": False}
notebook.metadata.nbgrader = {"hidden": False}
save(notebook)
