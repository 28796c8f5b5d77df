# /// case
# title = "Extra cells between the others, one of which fails"
# kind = "honest"
# score = "full"
# others = "right"
# ///

# %% extra first
scratch = [1, 2, 3]

# %% extra after mul_jvp
assert mul_jvp(2.0, 1.0, 4.0, 0.5) == (8.0, 5.0)
print(undefined_name)

# %% extra
%matplotlib inline
%timeit -n 1 -r 1 mul_jvp(1.0, 1.0, 1.0, 1.0)
plt.plot([1, 2]); plt.show()
