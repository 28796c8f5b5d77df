# /// case
# title = "200,000 integers with the same hash, sent as a set"
# kind = "harm"
# score = 2
# others = "right"
# cells = { mul_jvp_random_tangents = 0, mul_jvp_arrays = 0, sum_jvp_random_tangents = 1 }
# ///

# %% answer mul_jvp
import struct
import sys

from triptych.grade.guest.codec import Encoder


def mul_jvp(x1, dx1, x2, dx2):
    # a list of this length is sent in no time; as a set it is minutes of work in C code, with the lock held
    numbers = Encoder().encode([k * (2**61 - 1) for k in range(1, 200_000)])[1:]
    nothing = b"t" + struct.pack("<I", 0)
    frame = sys._getframe()
    while frame.f_code.co_name != "_answer":
        frame = frame.f_back
    reply = b"t" + struct.pack("<I", 3) + b"S" + numbers + 2 * nothing
    frame.f_locals["self"]._connection.send(b"A", frame.f_locals["number"], reply)
    return x1 * x2, dx1 * x2 + x1 * dx2
