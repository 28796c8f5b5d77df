# /// case
# title = "All cells in reverse order"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
notebook.cells = notebook.cells[::-1]
save(notebook)
