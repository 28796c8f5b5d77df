# %% right: adds in place
def sum_vjp(x1, x2, dx1, dx2, dout):
    dx1 += dout
    dx2 += dout
    return dx1, dx2

# %% right: slopes written out
def sum_vjp(x1, x2, dx1, dx2, dout):
    slope1 = slope2 = 1.0
    return dx1 + slope1 * dout, dx2 + slope2 * dout

# %% right: a list, by one comprehension
def sum_vjp(x1, x2, dx1, dx2, dout):
    return [d + dout for d in (dx1, dx2)]

# %% right: jnp arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return jnp.add(jnp.asarray(dx1), dout), jnp.add(jnp.asarray(dx2), dout)

# %% right: in float32
def sum_vjp(x1, x2, dx1, dx2, dout):
    return np.float32(dx1) + np.float32(dout), np.float32(dx2) + np.float32(dout)

# %% wrong: accumulators overwritten
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dout, dout

# %% wrong: treated as a product
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + x2 * dout, dx2 + x1 * dout

# %% wrong: the terms times the cotangent
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + x1 * dout, dx2 + x2 * dout

# %% wrong: slope 1 and no cotangent
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + 1.0, dx2 + 1.0

# %% wrong: cotangent shared out in halves
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + dout / 2, dx2 + dout / 2

# %% wrong: returned in the wrong order
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx2 + dout, dx1 + dout

# %% wrong: accumulators multiplied
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx1 * dout, dx2 * dout

# %% wrong: arrays summed up
# loses: sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + np.sum(dout), dx2 + np.sum(dout)

# %% wrong: gathers in the cotangent itself
# loses: sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    total = dx1 + dout
    dout += dx2
    return total, dout

# %% wrong: one accumulator returned
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + dx2 + dout

# %% wrong: nothing returned
# loses: sum_vjp_accumulates, sum_vjp_arrays
def sum_vjp(x1, x2, dx1, dx2, dout):
    dx1 += dout
    dx2 += dout
