# /// case
# title = "Metadata nested a thousand deep"
# kind = "broken"
# status = "not_graded"
# reason = "nested too deeply"
# ///

# %% make
import nbformat

text = nbformat.writes(notebook)
(folder / f"{chapter}.ipynb").write_text(text.rstrip()[:-1] + ', "x": ' + "[" * 900 + "]" * 900 + "}")
