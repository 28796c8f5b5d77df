# /// case
# title = "A segmentation fault in an answer"
# kind = "harm"
# score = 1
# ///

# %% answer mul_jvp
import ctypes

def mul_jvp(x1, dx1, x2, dx2):
    ctypes.string_at(0)

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
