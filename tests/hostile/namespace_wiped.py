# /// case
# title = "The whole namespace deleted by %reset"
# kind = "honest"
# score = 1
# ///
# A student who resets the namespace loses only what was defined before.

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, dx1 * x2 + x1 * dx2

# %% extra before mul_jvp_random_tangents
%reset -f

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
