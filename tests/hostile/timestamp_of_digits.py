# /// case
# title = "20 MB of digits in timestamp.txt"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
(folder / "timestamp.txt").write_text("1" * 20_000_000)
save(notebook)
