# /// case
# title = "Test cells turned into Markdown, solution cells into raw text"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
for cell in notebook.cells:
    marks = cell.metadata.get("nbgrader", {})
    if marks.get("grade"):
        cell.cell_type = "markdown"
    elif marks.get("solution"):
        cell.cell_type = "raw"
    else:
        continue
    cell.pop("outputs", None)
    cell.pop("execution_count", None)
save(notebook)
