# /// case
# title = "An answer that computes in C, where no interrupt is heard"
# kind = "harm"
# score = 0
# ///

# %% answer sum_jvp
import re

def sum_jvp(x1, dx1, x2, dx2):
    return re.match(r"(a+)+$", "a" * 60 + "b")
