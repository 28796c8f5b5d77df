# /// case
# title = "File names with terminal codes, directions and bytes that are no text"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
import os

for name in (b"\x1b[2J\x1b[1;1Hok", b"line\nada: 103 of 103", "\u202etxt.exe".encode(), b"\xff\xfe"):
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:
        file.write(b"1")
save(notebook)
