# /// case
# title = "Cells that wait for input"
# kind = "honest"
# score = 2
# ///

# %% extra first
name = input("your name? ")

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, dx1 * x2 + x1 * dx2
