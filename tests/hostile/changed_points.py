# /// case
# title = "Points made a thousand and test cells ungraded"
# kind = "cheat"
# score = 0
# ///

# %% make
for cell in notebook.cells:
    marks = cell.metadata.get("nbgrader", {})
    if marks.get("grade"):
        marks.update(points=1000, locked=False, solution=True)
save(notebook)
