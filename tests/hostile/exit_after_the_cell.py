# /// case
# title = "A cell that ends Python when the next one begins"
# kind = "harm"
# score = "full"
# others = "right"
# ///

# %% extra first
import os
get_ipython().events.register("pre_run_cell", lambda *_: os._exit(0))
