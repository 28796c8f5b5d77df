# /// case
# title = "A folder without the notebook"
# kind = "broken"
# status = "not_graded"
# reason = "missing"
# ///

# %% make
(folder / "notes.txt").write_text("I could not do it")
