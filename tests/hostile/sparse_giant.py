# /// case
# title = "A file of a terabyte that takes no space"
# kind = "harm"
# status = "not_graded"
# reason = "MB"
# ///

# %% make
import os

(folder / "data.csv").touch()
os.truncate(folder / "data.csv", 10**12)
save(notebook)
