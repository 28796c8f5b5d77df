# /// case
# title = "Scripts in Markdown cells, attachments, metadata and the title"
# kind = "leak"
# score = 0
# must_not_appear = ["<script>alert('md')", "<img src=x onerror", "href=\"javascript:alert"]
# ///

# %% make
import nbformat

cell = nbformat.v4.new_markdown_cell(
    "# <script>alert('md')</script>\n<img src=x onerror=alert(1)> [x](javascript:alert('md')) ![x](attachment:x.svg)"
)
cell.attachments = {"x.svg": {"image/svg+xml": "<svg><script>alert('md')</script></svg>"}}
cell.metadata = {"tags": ["<script>alert('md')</script>"], "nbgrader": {"grade_id": "<script>alert('md')</script>", "points": 50,
                 "grade": True, "solution": True, "locked": False, "schema_version": 3, "task": True}}
notebook.cells.insert(1, cell)
notebook.metadata.title = "</title><script>alert('md')</script>"
notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"</script><script>alert('md')</script>": {}}}}
notebook.metadata.language_info = {"name": "</script><script>alert('md')</script>", "pygments_lexer": "no such lexer"}
for released in notebook.cells:
    if released.cell_type == "markdown":
        released.source = "<script>alert('md')</script>"
save(notebook)
