# /// case
# title = "Arrays of objects, records, texts, dates and nothing"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return np.array([object(), None], dtype=object), np.zeros(2, dtype=[("a", "f8"), ("b", "O")])

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return np.array("NaT", "M8[s]"), np.ma.masked

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    return np.array(["4.0", "3.0"])
