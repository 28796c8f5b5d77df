# /// case
# title = "Test cells tagged so that nothing runs"
# kind = "cheat"
# score = 0
# ///
# The tag `skip-execution` gives full marks in a stock nbgrader: tags are in no checksum.

# %% make
for cell in notebook.cells:
    if cell.metadata.get("nbgrader", {}).get("grade"):
        cell.metadata.tags = ["skip-execution"]
save(notebook)
