# /// case
# title = "An input transformer that empties cells with assertions"
# kind = "cheat"
# score = 0
# ///

# %% extra first
def empty(lines):
    return ["pass\n"] if any("assert" in line for line in lines) else lines

get_ipython().input_transformers_post.append(empty)
get_ipython().input_transformers_cleanup.append(empty)

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
