# /// case
# title = "A time stamp that is none"
# kind = "broken"
# score = "full"
# others = "right"
# ///

# %% file timestamp.txt
yesterday, <script>alert(1)</script>, 99999-99-99
