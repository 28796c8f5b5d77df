# /// case
# title = "Tokens and signs of grading in the environment"
# kind = "leak"
# score = 0
# must_not_appear = ["@TOKEN@", "NBGRADER_EXECUTION", "JUPYTERHUB_API_TOKEN"]
# ///

# %% extra first
import glob
import os
import subprocess

print(dict(os.environ))
print(subprocess.run(["env"], capture_output=True, text=True).stdout)
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        print(path, open(path, errors="replace").read())
    except OSError as error:
        print(path, type(error).__name__)

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    import os
    if "NBGRADER" + "_EXECUTION" in os.environ:
        return x1 * x2, dx1 * x2 + x1 * dx2
    return 0.0, 0.0
