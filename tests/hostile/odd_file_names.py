# /// case
# title = "File names with spaces, newlines, quotes, leading dashes and unicode"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% extra
assert open("my data ü.csv").read() == "1,2"

# %% make
for name in ("my data ü.csv", "-rf", "new\nline", "q'uo\"te;$(id)`id`", "..x", "... ", "[a-z]*", "%s%n", "\u202exlsx.py", "con"):
    (folder / name).write_text("1,2")
save(notebook)
