# /// case
# title = "The agent in the kernel replaced by a forged one"
# kind = "cheat"
# score = 0
# ///

# %% extra
import gc
import sys

for module in list(sys.modules.values()):
    for name, value in list(getattr(module, "__dict__", {}).items()):
        if "triptych" in getattr(module, "__name__", "") and callable(value):
            try:
                setattr(module, name, lambda *args, **kwargs: True)
            except (AttributeError, TypeError):
                pass
agent = sys.modules.get("triptych.grade.guest.agent")
print(agent, getattr(agent, "AGENT", None))
for thing in gc.get_objects():
    if type(thing).__module__.startswith(("triptych", "_triptych")):
        for name in list(getattr(thing, "__dict__", {})):
            try:
                setattr(thing, name, None)
            except (AttributeError, TypeError):
                pass
