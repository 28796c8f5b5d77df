# /// case
# title = "sys.exit, quit and raise SystemExit in cells"
# kind = "harm"
# score = 2
# others = "stub"
# ///

# %% extra first
import sys
sys.exit(0)

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, dx1 * x2 + x1 * dx2
raise SystemExit(0)

# %% extra
quit()
