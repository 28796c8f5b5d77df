# /// case
# title = "All notebooks and everything of the course printed"
# kind = "leak"
# score = 0
# must_not_appear = ["BEGIN SOLUTION", "gradebook.db  "]
# ///

# %% extra first
import os

for above, folders, names in os.walk("/"):
    folders[:] = [f for f in folders if f not in ("proc", "usr", "site-packages")]
    for name in names:
        if name.endswith((".ipynb", ".db", ".toml")) or "nbgrader" in name:
            print(above, name)
            print(open(os.path.join(above, name), errors="replace").read()[-20000:])
for path in ("@COURSE@/source/05_forward_mode/05_forward_mode.ipynb", "@COURSE@/gradebook.db", "@COURSE@", "@COURSE@/submitted"):
    try:
        print(os.listdir(path) if os.path.isdir(path) else open(path, errors="replace").read())
    except OSError as error:
        print(type(error).__name__)
