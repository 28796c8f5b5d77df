# /// case
# title = "A folder called like the notebook"
# kind = "broken"
# status = "not_graded"
# reason = "missing"
# ///

# %% make
(folder / f"{chapter}.ipynb").mkdir()
