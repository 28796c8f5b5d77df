# /// case
# title = "An answer of two megabytes that takes long to compile"
# kind = "harm"
# score = 1
# ///

# %% make
for cell in notebook.cells:
    if cell.id == "mul_jvp":
        cell.source = "def mul_jvp(*args):\n    return " + "(" * 150 + "1" + ")" * 150 + "\nx = [" + "1+" * 100_000 + "1]\n" + "y = 1\n" * 100_000
    if cell.id == "sum_jvp":
        cell.source = "def sum_jvp(x1, dx1, x2, dx2):\n    return x1 + x2, dx1 + dx2"
save(notebook)
