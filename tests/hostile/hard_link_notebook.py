# /// case
# title = "The notebook is a hard link to the source notebook"
# kind = "leak"
# status = "not_graded"
# reason = "a hard link, not a file of its own"
# ///

# %% make
import os

os.link(course.notebook(chapter), folder / f"{chapter}.ipynb")
