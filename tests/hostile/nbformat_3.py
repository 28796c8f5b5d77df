# /// case
# title = "The notebook saved as nbformat 3"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
import json
import nbformat

old = nbformat.convert(notebook, 3)
(folder / f"{chapter}.ipynb").write_text(json.dumps(old))
