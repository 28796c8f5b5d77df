# /// case
# title = "Test cells tagged as ones that may fail"
# kind = "cheat"
# score = 0
# ///

# %% make
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.metadata.tags = ["raises-exception", "nbgrader-ignore", "setup", "student-side"]
save(notebook)
