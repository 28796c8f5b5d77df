# /// case
# title = "A solution cell copied and pasted, ids and all"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
import copy

number, answer = next((n, c) for n, c in enumerate(notebook.cells) if c.metadata.get("nbgrader", {}).get("solution"))
notebook.cells.insert(number + 1, copy.deepcopy(answer))
save(notebook)
