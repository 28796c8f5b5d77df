# /// case
# title = "Test cells tagged so that nothing runs"
# kind = "cheat"
# score = 0
# ///
# The tag `skip-execution` earns the full score in a stock nbgrader, because checksums leave out tags.

# %% make
for cell in notebook.cells:
    if cell.metadata.get("nbgrader", {}).get("grade"):
        cell.metadata.tags = ["skip-execution"]
save(notebook)
