# /// case
# title = "A notebook saved as UTF-16"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
import nbformat

(folder / f"{chapter}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-16")
