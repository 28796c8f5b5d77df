# /// case
# title = "NaN, infinity and empty arrays everywhere"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return np.full(np.shape(x1), np.nan), np.full(np.shape(x1), np.inf)

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    return np.zeros((0, 0))
