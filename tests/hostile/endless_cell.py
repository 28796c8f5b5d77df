# /// case
# title = "A cell of the student's own that does not end"
# kind = "harm"
# score = 1
# ///

# %% extra after mul_jvp
while True:
    pass

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
