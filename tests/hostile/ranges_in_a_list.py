# /// case
# title = "700 bytes that become two gigabytes: ranges in a list"
# kind = "harm"
# score = 0
# others = "stub"
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return [range(2_000_000)] * 24, [range(2_000_000)] * 24
