# /// case
# title = "A daemon that outlives its parent and ignores signals"
# kind = "harm"
# score = 0
# ///

# %% extra first
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    if os.fork() == 0:
        os.execv("/bin/sleep", ["@ORPHAN@", "600"])
    os._exit(0)
time.sleep(0.5)
