# /// case
# title = "A picture called a notebook"
# kind = "broken"
# status = "not_graded"
# reason = "not valid JSON"
# ///

# %% make
(folder / f"{chapter}.ipynb").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100)
