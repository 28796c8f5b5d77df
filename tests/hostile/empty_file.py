# /// case
# title = "An empty file"
# kind = "broken"
# status = "not_graded"
# reason = "empty"
# ///

# %% make
(folder / f"{chapter}.ipynb").write_bytes(b"")
