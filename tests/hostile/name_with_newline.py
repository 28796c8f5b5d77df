# /// case
# title = "A student's folder with a line break in its name"
# kind = "broken"
# student = "ada\n,100"
# status = "not_graded"
# reason = "student id"
# others = "right"
# ///
