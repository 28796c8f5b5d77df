# /// case
# title = "Two processes that answer at once"
# kind = "cheat"
# score = 0
# ///

# %% answer sum_jvp
import os

def sum_jvp(x1, dx1, x2, dx2):
    os.fork()
    os.fork()
    return 0.0, 0.0
