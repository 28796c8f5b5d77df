# /// case
# title = "File names that are no text"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
import os

with open(os.fsencode(folder) + b"/\xff\xfe\x80", "wb") as file:
    file.write(b"x")
save(notebook)
