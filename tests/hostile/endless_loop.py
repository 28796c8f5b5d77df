# /// case
# title = "An answer that does not end"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    while True:
        pass

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
