# /// case
# title = "Files named like the modules that graders use"
# kind = "cheat"
# score = 0
# ///
# What the student's own cells import is theirs; what starts the kernel is not.

# %% file triptych.py
print("triptych is mine")

# %% file sitecustomize.py
import os
os._exit(0)

# %% file ipykernel_launcher.py
raise SystemExit(0)
