# /// case
# title = "A named pipe as the notebook, which blocks whoever opens it"
# kind = "harm"
# status = "not_graded"
# reason = ""
# ///

# %% make
import os

os.mkfifo(folder / f"{chapter}.ipynb")
