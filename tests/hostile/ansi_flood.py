# /// case
# title = "Control characters that take over a terminal"
# kind = "harm"
# score = 0
# must_not_appear = ["\u001b", "\u009b", "\u0007"]
# ///

# %% extra first
import sys
print("\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b31m" * 1000, "\r" * 1000, "\b" * 1000)
print("\x1b[8m" * 1000, file=sys.stderr)
raise ValueError("\x1b[31m" * 1000 + "\u202eyltnecer\x00")
