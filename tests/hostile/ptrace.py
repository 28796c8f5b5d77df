# /// case
# title = "The parent and other processes traced, and their memory read"
# kind = "harm"
# score = 0
# must_not_appear = ["INTO ANOTHER PROCESS"]
# ///

# %% extra first
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in (1, os.getppid()):
    if libc.ptrace(16, pid, 0, 0) == 0:
        print("INTO", "ANOTHER", "PROCESS")
    buffer = ctypes.create_string_buffer(8)
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    here, there = Vector(ctypes.addressof(buffer), 8), Vector(0x400000, 8)
    if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        print("INTO", "ANOTHER", "PROCESS")
