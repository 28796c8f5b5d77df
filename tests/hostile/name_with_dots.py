# /// case
# title = "A student's folder whose name begins with dots"
# kind = "broken"
# student = "x..source"
# status = "not_graded"
# reason = "student id"
# others = "right"
# ///
