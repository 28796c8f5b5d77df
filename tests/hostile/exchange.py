# /// case
# title = "Feedback and submissions planted in the exchange"
# kind = "harm"
# score = 0
# ///

# %% extra first
import os
import pathlib

for root in ("@EXCHANGE@", "/srv/nbgrader/exchange", "/usr/local/share/nbgrader/exchange", "/usr/share/nbgrader/exchange"):
    for name in ("triptych/inbound/honest+05_forward_mode+2030", "triptych/outbound/evil", "triptych/feedback"):
        try:
            pathlib.Path(root, name).mkdir(parents=True)
            pathlib.Path(root, name, "planted.ipynb").write_text("{}")
            print("planted")
        except OSError as error:
            print(type(error).__name__)
    print(os.path.isdir(root) and os.listdir(root))
