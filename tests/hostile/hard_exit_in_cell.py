# /// case
# title = "os._exit in a cell of the student's own"
# kind = "harm"
# score = 1
# ///

# %% extra after mul_jvp
import os
os._exit(0)

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
