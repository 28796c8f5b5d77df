# /// case
# title = "A numpy and a jax of the student's own"
# kind = "cheat"
# score = 0
# ///

# %% file numpy.py
raise SystemExit("numpy is mine")

# %% file jax.py
def jvp(*args): return 0.0, 0.0
def jacfwd(f): return lambda x: 0.0
class config:
    update = staticmethod(lambda *args: None)
