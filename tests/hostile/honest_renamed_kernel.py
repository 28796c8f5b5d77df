# /// case
# title = "A kernel under a name of the student's own"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% make
notebook.metadata.kernelspec = {"name": "conda-env-ad-py", "display_name": "Python [conda env:ad]", "language": "python"}
notebook.metadata.language_info = {"name": "python", "version": "3.13.0"}
save(notebook)
