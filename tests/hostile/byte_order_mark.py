# /// case
# title = "A notebook with a byte order mark and Windows line ends"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
import nbformat

text = nbformat.writes(notebook).replace("\n", "\r\n")
(folder / f"{chapter}.ipynb").write_bytes(text.encode("utf-8-sig"))
