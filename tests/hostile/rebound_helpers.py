# /// case
# title = "The tests' helpers rebound, by name and in place"
# kind = "cheat"
# score = 0
# ///

# %% extra after course-tools
def agree(*args, **kwargs):
    return True

# %% extra after slide-5-forward-mode-code

is_pair.__code__ = (lambda result: True).__code__
fresh_rng.__code__ = (lambda: np.random.default_rng(0)).__code__

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
