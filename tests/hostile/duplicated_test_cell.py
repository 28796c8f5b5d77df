# /// case
# title = "A test cell copied and pasted"
# kind = "broken"
# score = "full"
# others = "right"
# ///
# Copy and paste of one test cell ends the run for the whole class in a stock nbgrader.

# %% make
import copy

tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
notebook.cells += [copy.deepcopy(tests[0]), copy.deepcopy(tests[0])]
save(notebook)
