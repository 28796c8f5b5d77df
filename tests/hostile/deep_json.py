# /// case
# title = "JSON nested a hundred thousand deep"
# kind = "broken"
# status = "not_graded"
# reason = ""
# ///

# %% make
(folder / f"{chapter}.ipynb").write_text("[" * 100_000 + "]" * 100_000)
