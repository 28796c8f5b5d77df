# /// case
# title = "Names that setup cells define, replaced inside the kernel"
# kind = "cheat"
# score = 0
# ///

# %% extra before mul_jvp
np.asarray = lambda *args, **kwargs: 1 / 0
np.ndarray.tobytes = None
jax.config.update("jax_enable_x64", False)
import builtins
builtins.isinstance = lambda *args: True
builtins.len = lambda thing: 2
builtins.type = float
builtins.getattr = lambda *args: 0.0
