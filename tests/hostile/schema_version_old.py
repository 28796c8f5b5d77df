# /// case
# title = "nbgrader schema version 1"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
for cell in notebook.cells:
    if "nbgrader" in cell.metadata:
        cell.metadata.nbgrader.schema_version = 1
        cell.metadata.nbgrader.pop("task", None)
save(notebook)
