# /// case
# title = "An answer that does not end and catches every interrupt"
# kind = "harm"
# score = 0
# ///

# %% answer sum_jvp
import signal

def sum_jvp(x1, dx1, x2, dx2):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
