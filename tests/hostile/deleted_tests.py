# /// case
# title = "All test cells deleted"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
notebook.cells = [c for c in notebook.cells if not c.metadata.get("nbgrader", {}).get("grade")]
save(notebook)
