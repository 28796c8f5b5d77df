# /// case
# title = "An older minor format, without cell ids"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
notebook.nbformat_minor = 2
for cell in notebook.cells:
    cell.pop("id", None)
save(notebook)
