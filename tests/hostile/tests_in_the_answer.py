# /// case
# title = "Solution cells that carry test cells' ids, and the other way round"
# kind = "cheat"
# score = 0
# ///

# %% make
for cell in notebook.cells:
    marks = cell.metadata.get("nbgrader", {})
    if marks.get("solution"):
        cell.id = marks["grade_id"] = marks["grade_id"] + "_random_tangents"
        cell.source = "assert True"
    elif marks.get("grade"):
        marks.update(grade=False, solution=True)
        cell.source = "def mul_jvp(*args): return 0.0, 0.0"
save(notebook)
