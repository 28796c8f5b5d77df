# /// case
# title = "Ten thousand cells"
# kind = "broken"
# status = "not_graded"
# reason = "cells"
# ///

# %% make
import nbformat

notebook.cells += [nbformat.v4.new_code_cell("1") for _ in range(10_000)]
save(notebook)
