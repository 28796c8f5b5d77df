# /// case
# title = "Files named like the modules that graders use"
# kind = "cheat"
# score = 0
# ///
# A student's cells may import their own modules, but the kernel must not start with them.

# %% file triptych.py
print("triptych is mine")

# %% file sitecustomize.py
import os
os._exit(0)

# %% file ipykernel_launcher.py
raise SystemExit(0)
