# /// case
# title = "The kernel's session replaced by one that hears nothing"
# kind = "cheat"
# score = 0
# ///

# %% extra
class Deaf:
    def __getattr__(self, name):
        return lambda *args, **kwargs: None

get_ipython().kernel.session = Deaf()

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
