# /// case
# title = "The release handed in as it is"
# kind = "honest"
# score = 0
# ///
