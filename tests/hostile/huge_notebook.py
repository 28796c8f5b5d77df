# /// case
# title = "A notebook of 20 MB"
# kind = "broken"
# status = "not_graded"
# reason = "larger than"
# ///

# %% make
notebook.cells[0].metadata["x"] = "x" * 20_000_000
save(notebook)
