# /// case
# title = "A helper module and a data file beside the notebook"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% file my_rules.py
def product_rule(a, da, b, db):
    return a * b, da * b + a * db

# %% file data/table.csv
1,2

# %% answer mul_jvp
import numpy as np
from my_rules import product_rule

table = np.loadtxt("data/table.csv", delimiter=",")

def mul_jvp(x1, dx1, x2, dx2):
    assert table.tolist() == [1, 2]
    return product_rule(x1, dx1, x2, dx2)
