# /// case
# title = "The disk filled, in few files and in many"
# kind = "harm"
# score = 0
# ///

# %% extra first
import glob
import os

for folder in (".", "/tmp", "/dev/shm", os.path.expanduser("~"), "/var/tmp", *glob.glob("/tmp/*/")):
    try:
        for n in range(100):
            with open(f"{folder}/fill{n}", "wb") as file:
                for _ in range(100):
                    file.write(bytes(10_000_000))
    except OSError as error:
        print(error)
