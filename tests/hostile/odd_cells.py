# /// case
# title = "Cells without source, with sources of odd types, with unknown types"
# kind = "broken"
# status = "not_graded"
# reason = "cells are malformed"
# ///

# %% make
import json

content = json.loads(json.dumps(notebook))
content["cells"] += [{"cell_type": "code"}, {"cell_type": "heading", "source": 3}, 7, None]
(folder / f"{chapter}.ipynb").write_text(json.dumps(content))
