# /// case
# title = "A hard link to the source notebook"
# kind = "leak"
# score = 0
# ///

# %% extra
for name in ("data.csv", "answers.ipynb"):
    try:
        print(open(name).read())
    except OSError as error:
        print(error)

# %% make
import os

os.link(course.notebook(chapter), folder / "answers.ipynb")
save(notebook)
