# /// case
# title = "Exceptions whose text is huge, hostile or raises"
# kind = "harm"
# score = 0
# must_not_appear = ["<script>alert('message')"]
# ///

# %% answer mul_jvp
class Surprise(Exception):
    def __str__(self): raise RuntimeError("no text")
    __repr__ = __str__

Surprise.__name__ = Surprise.__qualname__ = "<script>alert('message')</script>"

def mul_jvp(x1, dx1, x2, dx2):
    raise Surprise

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    raise ValueError("<script>alert('message')</script>" * 1_000_000)

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    raise type("AssertionError", (AssertionError,), {"__traceback__": None})("passed", 1.0) from ExceptionGroup("many", [ValueError(i) for i in range(10_000)])
