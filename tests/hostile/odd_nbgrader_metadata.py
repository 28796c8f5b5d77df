# /// case
# title = "nbgrader metadata of every wrong type"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
for number, cell in enumerate(notebook.cells):
    cell.metadata["nbgrader"] = [None, [], "text", 3, {"grade_id": None}, {"points": "nan"}, {"grade_id": {}}][number % 7]
save(notebook)
