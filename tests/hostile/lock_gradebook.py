# /// case
# title = "The gradebook locked for the whole class"
# kind = "harm"
# score = 0
# ///

# %% extra
import os
import sqlite3
import time

if os.fork() == 0:
    try:
        book = sqlite3.connect("@COURSE@/gradebook.db", isolation_level=None)
        book.execute("begin exclusive")
        time.sleep(60)
    finally:
        os._exit(0)
