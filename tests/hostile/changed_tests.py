# /// case
# title = "Test cells rewritten to pass"
# kind = "cheat"
# score = 0
# ///

# %% make
for cell in notebook.cells:
    if cell.metadata.get("nbgrader", {}).get("grade"):
        cell.source = "assert True"
save(notebook)
