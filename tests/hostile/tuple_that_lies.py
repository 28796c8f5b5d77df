# /// case
# title = "A tuple whose items depend on who asks"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
class Pair(tuple):
    def __len__(self): return 2
    def __iter__(self): return iter((float("nan"), float("nan")))
    def __getitem__(self, index): return float("nan")
    def __eq__(self, other): return True

def mul_jvp(x1, dx1, x2, dx2):
    return Pair((1, 2))
