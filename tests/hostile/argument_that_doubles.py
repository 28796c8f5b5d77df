# /// case
# title = "A list that doubles at each call"
# kind = "harm"
# score = 0
# others = "stub"
# ///

# %% answer jacobian_by_columns
rows = [1.0]

def jacobian_by_columns(f_jvp, x):
    for _ in range(40):
        rows[:] = [rows[:], rows[:]]
    return rows
