# /// case
# title = "Scripts, frames, images with handlers and data URLs as outputs"
# kind = "leak"
# score = 0
# must_not_appear = ["<script>alert('out')", "<iframe src", "<img src=x onerror", "href=\"data:text/html", "href=\"javascript:alert"]
# ///

# %% extra first
from IPython.display import HTML, IFrame, Javascript, Markdown, Latex, SVG, display

display(HTML("<script>alert('out')</script><iframe src='https://example.org'></iframe><img src=x onerror=alert(1)>"))
display(HTML("<a href=\"data:text/html,<script>alert('out')</script>\">x</a><form action='/hub'><svg onload=alert(1)>"))
display(Javascript("alert('out')"), IFrame("javascript:alert('out')", 10, 10))
display(Markdown("<script>alert('out')</script> [x](javascript:alert('out'))"), Latex("$\\href{javascript:alert('out')}{x}$"))
display(SVG(data="<svg xmlns='http://www.w3.org/2000/svg'><script>alert('out')</script></svg>"))
display({"application/vnd.jupyter.widget-view+json": {"model_id": "</script><script>alert('out')</script>"},
         "application/json": {"x": "</script><script>alert('out')</script>"}, "text/plain": "<script>alert('out')</script>",
         "image/png": "\"><script>alert('out')</script>", "text/vnd.mermaid": "<script>alert('out')</script>"}, raw=True)
