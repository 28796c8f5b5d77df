# /// case
# title = "nbgrader schema version 99"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
for cell in notebook.cells:
    if "nbgrader" in cell.metadata:
        cell.metadata.nbgrader.schema_version = 99
save(notebook)
