# /// case
# title = "Right answers that warn and write to stderr"
# kind = "honest"
# score = "full"
# others = "right"
# ///
# Any output on stderr makes a test cell 0 in a stock nbgrader.

# %% answer mul_jvp
import logging
import sys
import warnings

def mul_jvp(x1, dx1, x2, dx2):
    warnings.warn("overflow is near")
    warnings.warn("this will go away", DeprecationWarning)
    logging.getLogger().error("not an error at all")
    print("Traceback (most recent call last):", file=sys.stderr)
    np.float64(1.0) / np.float64(0.0)
    return x1 * x2, dx1 * x2 + x1 * dx2
