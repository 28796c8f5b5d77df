# /// case
# title = "A test's function called with objects that have surprises in them"
# kind = "cheat"
# score = 0
# ///

# %% answer jacobian_by_columns
class Trap:
    __class__ = float
    def __getattr__(self, name): raise SystemExit(name)
    def __float__(self): raise KeyboardInterrupt
    def __mul__(self, other): return other
    __rmul__ = __add__ = __radd__ = __mul__
    def __array__(self, *args, **kwargs): return np.zeros(10**9)

def jacobian_by_columns(f_jvp, x):
    for poison in (Trap(), [Trap()] * 2, {"x": Trap()}, "text", None, print, f_jvp, np.array([Trap()])):
        try:
            f_jvp(poison, poison)
        except BaseException as error:
            print(type(error).__name__)
    return f_jvp
