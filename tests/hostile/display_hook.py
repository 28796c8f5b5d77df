# /// case
# title = "A display hook called inside the answer"
# kind = "cheat"
# score = 0
# ///
# In a stock nbgrader the first execute_result of a test cell wins, even when an error follows.

# %% answer mul_jvp
import sys

def mul_jvp(x1, dx1, x2, dx2):
    sys.displayhook("full marks")
    return 0.0, 0.0
