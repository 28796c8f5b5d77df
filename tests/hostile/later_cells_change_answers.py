# /// case
# title = "The answer is another one when its second test comes"
# kind = "cheat"
# score = 1
# cells = { mul_jvp_random_tangents = 1, mul_jvp_arrays = 0 }
# ///
# The value that a name has when the test runs is graded, as in a notebook.

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, dx1 * x2 + x1 * dx2

# %% extra after mul_jvp_random_tangents
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
