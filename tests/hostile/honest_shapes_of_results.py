# /// case
# title = "Lists, tuples, namedtuples and NumPy scalars as results"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% answer mul_jvp
from collections import namedtuple

Pair = namedtuple("Pair", "value tangent")

def mul_jvp(x1, dx1, x2, dx2):
    return Pair(np.asarray(x1) * x2, np.asarray(dx1) * x2 + np.asarray(x1) * dx2)

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return [np.float64(1) * x1 + x2, np.add(dx1, dx2)]

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    return np.array([np.ravel(f_jvp(x, e)[1]) for e in np.eye(len(x))]).T.tolist()
