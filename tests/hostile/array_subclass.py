# /// case
# title = "An array subclass that agrees with everything"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
class Agreeable(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs): return np.True_
    def __array_function__(self, *args, **kwargs): return True
    def __eq__(self, other): return np.True_

def mul_jvp(x1, dx1, x2, dx2):
    return np.zeros(np.shape(x1)).view(Agreeable), np.zeros(np.shape(x1)).view(Agreeable)
