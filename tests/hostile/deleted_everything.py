# /// case
# title = "A notebook without a cell"
# kind = "broken"
# score = 0
# ///

# %% make
notebook.cells = []
save(notebook)
