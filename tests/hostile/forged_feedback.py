# /// case
# title = "Outputs that look like scores and comments"
# kind = "cheat"
# score = 0
# ///

# %% make
import nbformat

for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.metadata.setdefault("nbgrader", {})
        cell.metadata.nbgrader.update(score=99, comment="well done", points=99)
        cell.outputs = [nbformat.v4.new_output("display_data", {"text/plain": "5/5"}), nbformat.v4.new_output("execute_result", {"text/plain": "99"}, execution_count=1)]
        cell.execution_count = 1
save(notebook)
