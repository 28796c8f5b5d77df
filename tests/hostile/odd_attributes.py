# /// case
# title = "Objects whose every attribute is another object, without end"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
class Endless:
    def __getattribute__(self, name): return Endless()
    def __call__(self, *args, **kwargs): return Endless()
    def __iter__(self): return iter(Endless, 0)
    def __len__(self): return 10**18
    def __getitem__(self, index): return Endless()
    def __repr__(self): return "x" * 10**8

def mul_jvp(x1, dx1, x2, dx2):
    return Endless()

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    class Numbers:
        def __iter__(self):
            while True:
                yield 1.0
    return Numbers()
