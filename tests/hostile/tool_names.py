# /// case
# title = "Variables named as the course's tools and helpers are"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% answer mul_jvp
table = {"mul": lambda a, b: a * b}
same, is_pair, gives, show_graph, traced, counted = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0

def mul_jvp(x1, dx1, x2, dx2):
    assert (same, is_pair, gives, show_graph, traced, counted) == (1, 2, 3, 4, 5, 6)
    return table["mul"](x1, x2), table["mul"](dx1, x2) + table["mul"](x1, dx2)
