# /// case
# title = "The instructor's own solutions"
# kind = "honest"
# score = "full"
# others = "right"
# ///
