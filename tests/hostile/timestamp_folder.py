# /// case
# title = "A folder named timestamp.txt"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
(folder / "timestamp.txt").mkdir()
(folder / "timestamp.txt" / "note").write_text("here")
save(notebook)
