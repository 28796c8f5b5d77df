# /// case
# title = "Ten thousand files"
# kind = "harm"
# status = "not_graded"
# reason = "files"
# ///

# %% make
for number in range(10_000):
    (folder / f"f{number}").touch()
save(notebook)
