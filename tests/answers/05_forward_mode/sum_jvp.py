# %% right: a list
def sum_jvp(x1, dx1, x2, dx2):
    return [x1 + x2, dx1 + dx2]


# %% right: both at once as a stacked array
def sum_jvp(x1, dx1, x2, dx2):
    return np.array([x1, dx1]) + np.array([x2, dx2])


# %% right: jnp arithmetic
def sum_jvp(x1, dx1, x2, dx2):
    return jnp.add(x1, x2), jnp.add(dx1, dx2)


# %% right: the same linear map for values and tangents
def sum_jvp(x1, dx1, x2, dx2):
    def add(pair):
        return pair[0] + pair[1]

    return add((x1, x2)), add((dx1, dx2))


# %% wrong: product of the tangents
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 * dx2


# %% wrong: the product rule
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1 * x2 + x1 * dx2


# %% wrong: slope 2
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, 2


# %% wrong: a constant has slope zero
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, 0 * dx1


# %% wrong: the moved value as the tangent
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, x1 + dx1 + x2 + dx2


# %% wrong: value and tangent mixed
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + dx1, x2 + dx2


# %% wrong: only one input moves
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, dx1


# %% wrong: in place
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    x1 += x2
    dx1 += dx2
    return x1, dx1


# %% wrong: the sum over the elements
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return np.sum(x1) + np.sum(x2), np.sum(dx1) + np.sum(dx2)


# %% wrong: nothing returned
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    print(x1 + x2, dx1 + dx2)


# %% right: as the product of (1, 1) with the tangents
def sum_jvp(x1, dx1, x2, dx2):
    return np.asarray(x1) + x2, 1.0 * np.asarray(dx1) + 1.0 * np.asarray(dx2)


# %% wrong: forward difference
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    h = 1e-7
    return x1 + x2, ((x1 + h * dx1) + (x2 + h * dx2) - (x1 + x2)) / h


# %% wrong: sizes only
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, abs(dx1) + abs(dx2)


# %% wrong: the numbers of the example
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return 6.0, 1.5


# %% wrong: by relative changes, which divides by the inputs
# loses: sum_jvp_random_tangents
def sum_jvp(x1, dx1, x2, dx2):
    return x1 + x2, x1 * (dx1 / x1) + x2 * (dx2 / x2)
