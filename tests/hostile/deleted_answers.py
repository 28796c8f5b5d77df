# /// case
# title = "All solution cells deleted"
# kind = "broken"
# score = 0
# ///

# %% make
notebook.cells = [c for c in notebook.cells if not c.metadata.get("nbgrader", {}).get("solution")]
save(notebook)
