# /// case
# title = "A data file that is a link to the gradebook"
# kind = "leak"
# status = "not_graded"
# reason = "link"
# ///

# %% make
(folder / "data.csv").symlink_to("../../../gradebook.db")
(folder / "figures").symlink_to("../../../source")
save(notebook)
