# /// case
# title = "A student called Émilie du Châtelet"
# kind = "honest"
# student = "Émilie du Châtelet"
# score = "full"
# others = "right"
# ///
