# /// case
# title = "NaN, infinities, half surrogates and repeated keys"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
import nbformat

text = nbformat.writes(notebook).rstrip()[:-1]
text += ', "nbformat_minor": 5, "x": [NaN, -Infinity, 1e999, "\\ud800", "\\u0000", ' + "9" * 4000 + "]}"
(folder / f"{chapter}.ipynb").write_text(text)
