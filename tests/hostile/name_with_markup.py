# /// case
# title = "A student's folder with markup and wildcards in its name"
# kind = "leak"
# student = "<script>alert(1)<*"
# status = "not_graded"
# reason = "student id"
# others = "right"
# ///
