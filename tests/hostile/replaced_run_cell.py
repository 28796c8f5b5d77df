# /// case
# title = "The shell's run_cell replaced"
# kind = "cheat"
# score = 0
# ///

# %% extra first
shell = get_ipython()
for name in ("run_cell", "run_cell_async", "run_ast_nodes", "run_code"):
    original = getattr(shell, name)
    def lenient(source, *args, original=original, **kwargs):
        return original("pass" if isinstance(source, str) else source, *args, **kwargs)
    if name.startswith("run_cell"):
        setattr(shell, name, lenient)

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
