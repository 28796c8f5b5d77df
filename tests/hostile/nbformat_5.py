# /// case
# title = "A major version of the format that does not exist yet"
# kind = "broken"
# status = "not_graded"
# reason = "format 5"
# others = "right"
# ///

# %% make
notebook.nbformat = 5
save(notebook)
