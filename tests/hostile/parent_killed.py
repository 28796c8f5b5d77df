# /// case
# title = "Parent, process group and everything else killed"
# kind = "harm"
# score = 0
# ///

# %% extra first
import os
import signal

for pid in (os.getppid(), 1, 0 - os.getppid()):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            if pid not in (0, -1):
                os.kill(pid, number)
        except OSError as error:
            print(error)

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    import os
    os.kill(-1, 9)
    os.kill(0, 9)
