# /// case
# title = "The disk filled with empty files and folders"
# kind = "harm"
# score = 0
# ///

# %% extra first
import os

try:
    for n in range(300_000):
        os.mkdir(f"d{n}")
except OSError as error:
    print(error)
