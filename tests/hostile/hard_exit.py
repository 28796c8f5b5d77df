# /// case
# title = "os._exit in an answer: its tests are lost, the next exercise is graded"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
import os

def mul_jvp(x1, dx1, x2, dx2):
    os._exit(0)

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
