# /// case
# title = "Lists within lists within lists"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    result = []
    for _ in range(100_000):
        result = [result]
    return result

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
