# /// case
# title = "A notebook cut off in the middle"
# kind = "broken"
# status = "not_graded"
# reason = "not valid JSON"
# ///

# %% make
import nbformat

(folder / f"{chapter}.ipynb").write_text(nbformat.writes(notebook)[:2000])
