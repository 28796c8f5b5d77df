# /// case
# title = "Threads without end, which go on after the cell"
# kind = "harm"
# score = 0
# ///

# %% extra first
import threading
import time

def more():
    while True:
        time.sleep(0.01)
        try:
            threading.Thread(target=more, daemon=True).start()
        except RuntimeError:
            pass

threading.Thread(target=more).start()
