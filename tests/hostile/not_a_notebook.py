# /// case
# title = "JSON that is no notebook"
# kind = "broken"
# status = "not_graded"
# reason = "not a Jupyter notebook"
# ///

# %% make
(folder / f"{chapter}.ipynb").write_text('{"marks": 100}')
