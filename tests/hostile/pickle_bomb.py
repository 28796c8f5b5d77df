# /// case
# title = "Objects that run code where they are unpickled or copied"
# kind = "cheat"
# score = 0
# ///

# %% answer mul_jvp
import os

class Bomb:
    def __reduce__(self):
        return os.system, ("touch @HOME@/MARK-OF-THE-BOMB; kill -9 $PPID",)
    def __deepcopy__(self, memo):
        os._exit(3)
    __reduce_ex__ = lambda self, protocol: self.__reduce__()

def mul_jvp(x1, dx1, x2, dx2):
    return Bomb(), np.array([Bomb()], dtype=object)

# %% answer jacobian_by_columns
def jacobian_by_columns(f_jvp, x):
    return f_jvp(Bomb(), [Bomb()])
