# /// case
# title = "Outputs that say the tests have passed, and hidden folders with other notebooks"
# kind = "cheat"
# score = 0
# ///

# %% make
import nbformat

for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=3)]
(folder / ".ipynb_checkpoints").mkdir()
save(notebook, f".ipynb_checkpoints/{chapter}-checkpoint.ipynb")
save(notebook)
