# /// case
# title = "An object that says it is a tuple, and a str that says it is a float"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
class Liar:
    __class__ = tuple
    def __len__(self): return 2
    def __iter__(self): return iter((self, self))
    def __eq__(self, other): return True

class Text(str):
    __class__ = float
    def __float__(self): return 8.0

def mul_jvp(x1, dx1, x2, dx2):
    return Liar() if np.ndim(x1) else (Text("8.0"), Text("5.0"))
