# /// case
# title = "nbgrader's metadata removed from all cells"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
for cell in notebook.cells:
    cell.metadata = {}
save(notebook)
