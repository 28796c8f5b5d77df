# /// case
# title = "A picture called a notebook"
# kind = "broken"
# status = "not_graded"
# reason = "the file is a picture, not a notebook"
# ///

# %% make
(folder / f"{chapter}.ipynb").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100)
