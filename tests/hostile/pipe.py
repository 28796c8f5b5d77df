# /// case
# title = "A named pipe among the files"
# kind = "harm"
# status = "not_graded"
# reason = "not a regular file"
# ///

# %% make
import os

os.mkfifo(folder / "data.csv")
save(notebook)
