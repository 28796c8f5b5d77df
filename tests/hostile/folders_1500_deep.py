# /// case
# title = "Folders nested 1,500 deep"
# kind = "broken"
# status = "not_graded"
# reason = "nested more than 250 levels deep"
# others = "stub"
# ///

# %% make
import os

save(notebook)
home = os.getcwd()
os.chdir(folder)
for _ in range(1500):
    os.mkdir("d")
    os.chdir("d")
os.chdir(home)
