# /// case
# title = "Twenty handles, each an array of 60 MB"
# kind = "harm"
# score = 0
# others = "stub"
# ///

# %% answer mul_jvp
import numpy as np

class Large:
    def __array__(self, dtype=None, copy=None):
        return np.ones(7_500_000)

def mul_jvp(x1, dx1, x2, dx2):
    return [Large() for _ in range(20)], [Large() for _ in range(20)]
