# /// case
# title = "The notebook prints itself"
# kind = "leak"
# score = 0
# ///

# %% extra
import glob

for pattern in ("*", "../*", "../../*", "/tmp/*", "/tmp/*/*", "/home/*/*", "/var/tmp/*"):
    for path in glob.glob(pattern):
        try:
            print(path, open(path, errors="replace").read())
        except OSError as error:
            print(path, error)
