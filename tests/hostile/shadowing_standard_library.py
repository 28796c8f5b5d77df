# /// case
# title = "Files named like the standard library, honest answers"
# kind = "honest"
# score = "full"
# others = "right"
# ///
# A student may call a file of notes random.py. It must not keep the kernel from starting.

# %% file json.py
note = "not the json you know"

# %% file struct.py
note = 1

# %% file sitecustomize.py
raise RuntimeError("this runs in no interpreter of the grader")
