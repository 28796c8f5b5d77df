# %% right: adds in place
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1_bar += out_bar
    x2_bar += out_bar
    return x1_bar, x2_bar

# %% right: slopes written out
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    slope1 = slope2 = 1.0
    return x1_bar + slope1 * out_bar, x2_bar + slope2 * out_bar

# %% right: a list, by one comprehension
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return [d + out_bar for d in (x1_bar, x2_bar)]

# %% right: jnp arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return jnp.add(jnp.asarray(x1_bar), out_bar), jnp.add(jnp.asarray(x2_bar), out_bar)

# %% right: in float32
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return np.float32(x1_bar) + np.float32(out_bar), np.float32(x2_bar) + np.float32(out_bar)

# %% right: both accumulators in one array
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return np.array([x1_bar, x2_bar]) + out_bar

# %% wrong: accumulators overwritten
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return out_bar, out_bar

# %% wrong: treated as a product
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x2 * out_bar, x2_bar + x1 * out_bar

# %% wrong: the terms times the cotangent
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x1 * out_bar, x2_bar + x2 * out_bar

# %% wrong: slope 1 and no cotangent
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + 1.0, x2_bar + 1.0

# %% wrong: cotangent shared out in halves
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + out_bar / 2, x2_bar + out_bar / 2

# %% wrong: returned in the wrong order
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x2_bar + out_bar, x1_bar + out_bar

# %% wrong: accumulators multiplied
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar * out_bar, x2_bar * out_bar

# %% wrong: arrays summed up
# loses: sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + np.sum(out_bar), x2_bar + np.sum(out_bar)

# %% wrong: gathers in the cotangent itself
# loses: sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    total = x1_bar + out_bar
    out_bar += x2_bar
    return total, out_bar

# %% wrong: one accumulator returned
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x2_bar + out_bar

# %% wrong: nothing returned
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1_bar += out_bar
    x2_bar += out_bar

# %% wrong: slopes by a relative step
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    slope1 = ((1.5 * x1 + x2) - (x1 + x2)) / (0.5 * x1)
    slope2 = ((x1 + 1.5 * x2) - (x1 + x2)) / (0.5 * x2)
    return x1_bar + slope1 * out_bar, x2_bar + slope2 * out_bar

# %% wrong: sign of the cotangent lost
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + abs(out_bar), x2_bar + abs(out_bar)

# %% wrong: right for the visible example only, second accumulator never negative
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + out_bar, np.maximum(x2_bar, 0.0) + out_bar

# %% wrong: gathers in the terms
# loses: sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1 *= 0.0
    x2 *= 0.0
    x1 += x1_bar + out_bar
    x2 += x2_bar + out_bar
    return x1, x2

# %% wrong: arrays flattened
# loses: sum_vjp_arrays
def sum_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    if np.ndim(out_bar):
        x1_bar, x2_bar, out_bar = np.ravel(x1_bar), np.ravel(x2_bar), np.ravel(out_bar)
    return x1_bar + out_bar, x2_bar + out_bar
