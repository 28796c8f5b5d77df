# /// case
# title = "Leaves things for the next submission, and looks for what others left"
# kind = "leak"
# score = "full"
# copies = 4
# others = "right"
# must_not_appear = ["FOUND"]
# ///

# %% extra first
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys

import jax
import numpy

word = "FO" + "UND"  # not literally, because the page shows this source
libc = ctypes.CDLL(None, use_errno=True)
places = ["/tmp", "/var/tmp", "/dev/shm", "/home/student", "/opt/compiled", "/run", ".", ".."]


def look(when):
    for place in places:
        if os.path.lexists(f"{place}/left-for-the-next"):
            print(word, "a file in", place, when)
    if "LEFT_FOR_THE_NEXT" in os.environ:
        print(word, "in the environment", when)
    if "left_for_the_next" in sys.modules or hasattr(numpy, "left_for_the_next") or hasattr(jax, "left_for_the_next"):
        print(word, "in a module", when)
    if libc.shmget(0x7219, 4096, 0) >= 0:
        print(word, "shared memory", when)
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex("\0left-for-the-next") == 0:
            print(word, "a listener", when)
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"left-for-the-next" in line.read_bytes() and line.parent.name != str(os.getpid()):
                print(word, "a process", when)
        except OSError:
            pass
    if float(numpy.random.random()) == float(numpy.random.RandomState(7219).random_sample(2)[1]):
        print(word, "a random state", when)
    if signal.getsignal(signal.SIGUSR1) not in (signal.SIG_DFL, None):
        print(word, "a signal's handler", when)


look("at first")

# %% extra
for place in places:
    try:
        pathlib.Path(place, "left-for-the-next").write_text("x")
    except OSError:
        pass
os.environ["LEFT_FOR_THE_NEXT"] = "x"
sys.modules["left_for_the_next"] = sys
numpy.left_for_the_next = jax.left_for_the_next = 1
libc.shmget(0x7219, 4096, 0o1666)
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0left-for-the-next")
listener.listen()
numpy.random.seed(7219)
numpy.random.random()
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
subprocess.Popen(["/bin/sh", "-c", "sleep 600; : left-for-the-next"], start_new_session=True)
for process in (os.getppid(), 1):
    try:
        os.kill(process, signal.SIGUSR1)
        os.kill(process, signal.SIGSTOP)
    except OSError:
        pass
