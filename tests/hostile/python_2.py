# /// case
# title = "Answers that are no Python 3"
# kind = "broken"
# score = 1
# ///

# %% answer mul_jvp
def mul_jvp(x1, dx1, x2, dx2):
    print "hello"
	return x1*x2

# %% answer sum_jvp
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 + dx2
