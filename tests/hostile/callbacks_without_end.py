# /// case
# title = "A test's function called without end"
# kind = "harm"
# score = 0
# ///

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    while True:
        try:
            f_jvp(x, x)
        except Exception:
            pass
