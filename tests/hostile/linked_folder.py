# /// case
# title = "The whole submission is a link to another student's"
# kind = "cheat"
# status = "not_graded"
# reason = "link"
# ///

# %% make
folder.rmdir()
folder.symlink_to(course.submitted / honest / chapter)
