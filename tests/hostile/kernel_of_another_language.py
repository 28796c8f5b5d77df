# /// case
# title = "A notebook that asks for a shell as its kernel"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% make
notebook.metadata.kernelspec = {"name": "bash", "display_name": "Bash", "language": "bash"}
notebook.metadata.language_info = {"name": "bash"}
save(notebook)
