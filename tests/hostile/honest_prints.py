# /// case
# title = "Right answers that print numbers, also as their last value"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    print(0.0)
    print("0")
    return x1 + x2, dx1 + dx2

print(sum_jvp(1.0, 1.0, 2.0, 2.0))
0.0
