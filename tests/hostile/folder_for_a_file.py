# /// case
# title = "A folder where the release has a file, and a file where it has a folder"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
(folder / "triptych.mplstyle").mkdir()
(folder / "triptych.mplstyle" / "note").write_text("here")
(folder / "figures").write_text("a file")
save(notebook)
