# /// case
# title = "The notebook under another name"
# kind = "broken"
# status = "not_graded"
# reason = "missing"
# ///

# %% make
save(notebook, "05_forward_mode (1).ipynb")
