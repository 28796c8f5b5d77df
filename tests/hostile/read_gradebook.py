# /// case
# title = "Hidden tests and scores read from the gradebook"
# kind = "leak"
# score = 0
# ///

# %% extra
import sqlite3

for path in ("@COURSE@/gradebook.db", "../../../gradebook.db", "../../gradebook.db", "gradebook.db"):
    try:
        book = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        print(book.execute("select source from source_cell").fetchall())
    except sqlite3.Error as error:
        print(error)
