# /// case
# title = "A hundred megabytes printed in one line, by a test's own call too"
# kind = "harm"
# score = 0
# ///

# %% extra first
print("x" * 100_000_000)

# %% answer mul_jvp
import sys

def mul_jvp(x1, dx1, x2, dx2):
    sys.stderr.write("y" * 100_000_000)
    return 0.0, 0.0
