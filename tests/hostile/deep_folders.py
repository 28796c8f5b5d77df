# /// case
# title = "Folders nested two hundred deep"
# kind = "harm"
# score = "full"
# others = "right"
# ///

# %% make
deep = folder
for _ in range(200):
    deep = deep / "deeper"
    deep.mkdir()
(deep / "note.txt").write_text("here")
save(notebook)
