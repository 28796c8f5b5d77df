# /// case
# title = "Numbers with millions of digits"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 10**3_000_000, 1 << 100_000_000

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
