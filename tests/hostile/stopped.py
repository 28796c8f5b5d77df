# /// case
# title = "An answer that stops its own process"
# kind = "harm"
# score = 0
# ///

# %% answer sum_jvp
import os
import signal

def sum_jvp(x1, dx1, x2, dx2):
    os.kill(os.getpid(), signal.SIGSTOP)
