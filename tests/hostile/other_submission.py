# /// case
# title = "Another student's submission read and changed"
# kind = "harm"
# score = 0
# ///

# %% extra first
import glob

for pattern in ("@COURSE@/submitted/*/*/*", "../../*/*/*", "../*/*", "/tmp/triptych*/**/*", "/tmp/*/staged/**"):
    for path in glob.glob(pattern, recursive=True):
        try:
            print(open(path).read())
            open(path, "w").write("{}")
        except OSError as error:
            print(error)
