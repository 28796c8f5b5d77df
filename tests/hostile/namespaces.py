# /// case
# title = "New namespaces and mounts, to become root in them"
# kind = "harm"
# score = 0
# must_not_appear = ["uid=0(", "MADE A NAMESPACE"]
# ///

# %% extra first
import ctypes
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000):
    if libc.unshare(flag) == 0:
        print("MADE", "A NAMESPACE")
print(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.chroot(b"/tmp"))
for command in (["unshare", "-Ur", "id"], ["su", "-c", "id"], ["mount"], ["bwrap", "--bind", "/", "/", "id"]):
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL)
        print(command, ran.returncode, ran.stdout[-300:], ran.stderr[-300:])
    except Exception as error:
        print(command, type(error).__name__)
