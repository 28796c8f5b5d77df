# /// case
# title = "A short message that NumPy makes large: one long text among short ones"
# kind = "harm"
# score = 0
# others = "stub"
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    text = ["a" * 1_000_000] + ["b"] * 500
    return text, text
