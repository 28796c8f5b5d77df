# /// case
# title = "Null characters and half surrogates in answers"
# kind = "broken"
# score = 1
# ///

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2

# %% make
import json

content = json.loads(json.dumps(notebook))
for cell in content["cells"]:
    if cell.get("id") == "mul_jvp":
        cell["source"] = "def mul_jvp(*args):\n    return '\x00\ud800'"
(folder / f"{chapter}.ipynb").write_text(json.dumps(content))
