# /// case
# title = "A flood written to the descriptors, below Python"
# kind = "harm"
# score = 0
# ///

# %% extra first
import os
for fd in (1, 2):
    for _ in range(2_000):
        os.write(fd, b"x" * 50_000)
