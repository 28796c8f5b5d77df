# /// case
# title = "A list that contains itself"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    result = [1.0]
    result.append(result)
    return result

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
