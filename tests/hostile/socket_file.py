# /// case
# title = "A socket among the files"
# kind = "broken"
# status = "not_graded"
# reason = "not a regular file"
# ///

# %% make
import os
import socket

with socket.socket(socket.AF_UNIX) as made:
    os.chdir(folder)
    made.bind("s")
save(notebook)
