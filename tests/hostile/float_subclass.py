# /// case
# title = "A float whose comparisons are always true"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
class Lucky(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return Lucky(0)
    def __rsub__(self, other): return Lucky(0)
    def __abs__(self): return Lucky(0)
    def __le__(self, other): return True
    def __lt__(self, other): return True
    __hash__ = float.__hash__

def mul_jvp(x1, dx1, x2, dx2):
    return Lucky(3), Lucky(4)
