# /// case
# title = "Annotations, unicode names, decorators and closures"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% answer mul_jvp
from __future__ import annotations
import functools

def gemessen(f: "callable") -> callable:
    @functools.wraps(f)
    def innen(*args, **kwargs):
        innen.zähler += 1
        return f(*args, **kwargs)
    innen.zähler = 0
    return innen

@gemessen
def mul_jvp(x1, dx1, x2, dx2) -> tuple[float, float]:
    ẋ1, ẋ2 = dx1, dx2
    return x1 * x2, ẋ1 * x2 + x1 * ẋ2
