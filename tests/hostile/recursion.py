# /// case
# title = "Recursion without end, and with the limit taken away"
# kind = "harm"
# score = 0
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return mul_jvp(x1, dx1, x2, dx2)

# %% answer sum_jvp
import sys

def sum_jvp(x1, dx1, x2, dx2):
    sys.setrecursionlimit(10**9)
    return sum_jvp(x1, dx1, x2, dx2)
