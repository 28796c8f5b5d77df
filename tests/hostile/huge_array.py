# /// case
# title = "An array that is huge only when copied"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return np.broadcast_to(1.0, (10**6, 10**5)), np.broadcast_to(1.0, (10**6, 10**5))

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
