# /// case
# title = "An object that equals everything, as an array too"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
class Anything:
    __array_priority__ = 1e9
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __le__(self, other): return True
    def __gt__(self, other): return True
    def __ge__(self, other): return True
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
    def __bool__(self): return True
    def __float__(self): return 0.0
    def __len__(self): return 2
    def __getitem__(self, index): return Anything()
    def __abs__(self): return 0.0
    def __hash__(self): return 1
    def __array__(self, *args, **kwargs): return np.zeros(())
    def __array_ufunc__(self, *args, **kwargs): return True
    def __array_function__(self, *args, **kwargs): return True
    def __jax_array__(self): return jnp.zeros(())

def mul_jvp(x1, dx1, x2, dx2):
    return Anything()

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    return Anything()
