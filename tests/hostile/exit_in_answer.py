# /// case
# title = "An answer that raises SystemExit, KeyboardInterrupt, GeneratorExit"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    raise SystemExit(0)

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    raise KeyboardInterrupt

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    raise GeneratorExit
