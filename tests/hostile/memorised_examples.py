# /// case
# title = "The visible examples learned by heart"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    if np.ndim(x1):
        return np.array([8.0, 15.0]), np.array([5.0, 6.0])
    return 8.0, 5.0

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return 6.0, 1.5
