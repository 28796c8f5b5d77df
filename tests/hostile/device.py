# /// case
# title = "A device that never ends"
# kind = "harm"
# status = "not_graded"
# reason = "not a regular file"
# needs = "root"
# ///

# %% make
import os
import stat

os.mknod(folder / "data.csv", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
save(notebook)
