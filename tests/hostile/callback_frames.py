# /// case
# title = "The test looked for through the function that it hands over"
# kind = "leak"
# score = 0
# ///
# A callback runs in the process of the test: neither its code nor its globals are in this one.

# %% answer jacobian_by_columns
import gc

def jacobian_by_columns(f_jvp, x):
    print(getattr(f_jvp, "__code__", None), getattr(f_jvp, "__globals__", {}).keys())
    print(getattr(f_jvp, "__closure__", None), getattr(f_jvp, "__wrapped__", None))
    for name in ("expected", "reference", "A", "B", "smooth"):
        print(getattr(f_jvp, "__globals__", {}).get(name))
    return f_jvp.__globals__["jax"].jacfwd(f_jvp.__globals__["smooth"])(x)
