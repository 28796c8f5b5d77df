# /// case
# title = "A kernel name that is a path"
# kind = "cheat"
# score = 0
# ///

# %% make
notebook.metadata.kernelspec = {"name": "../../../../tmp/evil", "display_name": "x", "language": "python", "argv": ["/bin/sh"]}
(folder / "kernel.json").write_text('{"argv": ["/bin/sh", "-c", "touch @HOME@/MARK"], "display_name": "x", "language": "python"}')
save(notebook)
