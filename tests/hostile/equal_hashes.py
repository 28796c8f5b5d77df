# /// case
# title = "200,000 integers with the same hash in a set"
# kind = "harm"
# score = 0
# others = "stub"
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    same = [k * (2**61 - 1) for k in range(1, 200_000)]
    return dict.fromkeys(same).__class__(), frozenset_of(same)

class frozenset_of:
    """Sent as a set that was never built here: building it takes minutes."""
    def __new__(cls, items):
        import struct, sys
        frame = sys._getframe()
        while frame.f_code.co_name != "_answer":
            frame = frame.f_back
        out = bytearray(b"t" + struct.pack("<I", 3) + b"S" + struct.pack("<I", len(items)))
        encoder = sys.modules["triptych.grade.guest.codec"].Encoder()
        for item in items:
            encoder._put(item, out, 0)
        out += b"t" + struct.pack("<I", 0) + b"t" + struct.pack("<I", 0)
        frame.f_locals["self"]._connection.send(b"A", frame.f_locals["number"], bytes(out))
        return 0
