# /// case
# title = "NumPy and JAX patched so that all comparisons hold"
# kind = "cheat"
# score = 0
# ///

# %% extra after course-tools
import numpy.testing

for module, name in [(np, "allclose"), (np, "array_equal"), (np, "isclose"), (jnp, "allclose"), (np.testing, "assert_allclose")]:
    setattr(module, name, lambda *args, **kwargs: True)
np.random.default_rng = lambda seed=None: type("Rng", (), {"normal": lambda *a, **k: np.zeros(k.get("size", 4)), "uniform": lambda *a, **k: np.ones(k.get("size", 1))})()
for name in ("jvp", "vjp", "grad", "jacfwd", "jacrev"):
    setattr(jax, name, lambda *args, **kwargs: (0.0, 0.0))
jax.jacfwd = lambda f: lambda x: 0.0

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
