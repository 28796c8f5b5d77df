# /// case
# title = "A hundred megabytes printed, in lines"
# kind = "harm"
# score = 0
# ///

# %% extra first
for _ in range(1_000_000):
    print("x" * 100)
