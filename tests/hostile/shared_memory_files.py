# /// case
# title = "Memory in memfd files, in System V segments and in unlinked files"
# kind = "harm"
# score = "full"
# others = "right"
# ///

# %% extra first
import ctypes, os

kept = []
try:
    for _ in range(20):
        descriptor = os.memfd_create("x")
        os.write(descriptor, bytes(100_000_000))
        kept.append(descriptor)
except OSError:
    pass
libc = ctypes.CDLL(None, use_errno=True)
for key in range(20):
    segment = libc.shmget(0, ctypes.c_size_t(100_000_000), 0o600)
    if segment >= 0:
        address = libc.shmat(segment, None, 0)
try:
    for _ in range(20):
        file = open("unlinked", "wb")
        os.unlink("unlinked")
        file.write(bytes(90_000_000))
        kept.append(file)
except OSError:
    pass
kept.clear()
