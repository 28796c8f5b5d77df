# /// case
# title = "An AST transformer that takes assertions away"
# kind = "cheat"
# score = 0
# ///

# %% extra first
import ast

class NoAssertions(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

get_ipython().ast_transformers.append(NoAssertions())

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    return 0.0, 0.0
