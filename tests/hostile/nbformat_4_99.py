# /// case
# title = "A minor version of the format that does not exist yet"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
notebook.nbformat_minor = 99
save(notebook)
