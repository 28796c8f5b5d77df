# /// case
# title = "The notebook is a link to another student's notebook"
# kind = "cheat"
# status = "not_graded"
# reason = "link"
# ///

# %% make
(folder / f"{chapter}.ipynb").symlink_to(course.submitted / honest / chapter / f"{chapter}.ipynb")
