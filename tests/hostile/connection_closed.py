# /// case
# title = "All open files and sockets closed"
# kind = "harm"
# score = 0
# ///

# %% answer mul_jvp
import os

def mul_jvp(x1, dx1, x2, dx2):
    os.closerange(3, 1024)
    return 0.0, 0.0
