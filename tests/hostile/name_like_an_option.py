# /// case
# title = "A student's folder called like an option"
# kind = "broken"
# student = "--help"
# status = "not_graded"
# reason = "student id"
# others = "right"
# ///
