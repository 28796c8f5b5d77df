# /// case
# title = "A flood of display messages and updates"
# kind = "harm"
# score = 0
# ///

# %% extra first
from IPython.display import clear_output, display

handle = display("x", display_id=True)
for n in range(20_000):
    handle.update("x" * 1_000)
    display({"text/plain": "y" * 1_000, "image/png": "z" * 10_000}, raw=True)
