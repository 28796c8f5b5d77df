# /// case
# title = "A notebook saved as UTF-16"
# kind = "broken"
# status = "not_graded"
# reason = "not valid JSON"
# ///

# %% make
import nbformat

(folder / f"{chapter}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-16")
