# /// case
# title = "1,500 nested folders wherever the sandbox can be written to"
# kind = "harm"
# score = "full"
# others = "right"
# ///

# %% extra first
import os

home = os.getcwd()
for place in (home, "/tmp", "/dev/shm"):
    os.chdir(place)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
os.chdir(home)
