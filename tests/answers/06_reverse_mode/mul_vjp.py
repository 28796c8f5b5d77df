# %% right: adds in place
def mul_vjp(x1, x2, dx1, dx2, dout):
    dx1 += x2 * dout
    dx2 += x1 * dout
    return dx1, dx2

# %% right: a list of jnp arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    x1, x2, dout = jnp.asarray(x1), jnp.asarray(x2), jnp.asarray(dout)
    return [dx1 + dout * x2, dx2 + dout * x1]

# %% right: slopes by unit steps, exact since the product is linear in each factor
def mul_vjp(x1, x2, dx1, dx2, dout):
    def product(a, b):
        return a * b

    slope1 = product(x1 + 1, x2) - product(x1, x2)
    slope2 = product(x1, x2 + 1) - product(x1, x2)
    return dx1 + slope1 * dout, dx2 + slope2 * dout

# %% right: one stacked array, in float32
def mul_vjp(x1, x2, dx1, dx2, dout):
    slopes = np.array([x2, x1], dtype=np.float32)
    return np.array([dx1, dx2], dtype=np.float32) + slopes * np.float32(dout)

# %% right: by way of a generator
def mul_vjp(x1, x2, dx1, dx2, dout):
    return tuple(d + other * dout for d, other in ((dx1, x2), (dx2, x1)))

# %% wrong: factors crossed
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + x1 * dout, dx2 + x2 * dout

# %% wrong: accumulators overwritten
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    dx1 = x2 * dout
    dx2 = x1 * dout
    return dx1, dx2

# %% wrong: cotangent left out
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + x2, dx2 + x1

# %% wrong: accumulators multiplied by the cotangent too
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return (dx1 + x2) * dout, (dx2 + x1) * dout

# %% wrong: returned in the wrong order
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return dx2 + x1 * dout, dx1 + x2 * dout

# %% wrong: nothing returned
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    dx1 += x2 * dout
    dx2 += x1 * dout

# %% wrong: one sum, as a JVP would give
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return x1 * x2, (dx1 * x2 + x1 * dx2) * dout

# %% wrong: a dot product for arrays
# loses: mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + np.dot(x2, dout), dx2 + np.dot(x1, dout)

# %% wrong: scales the factors in place
# loses: mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    x1 *= dout
    x2 *= dout
    return dx1 + x2, dx2 + x1

# %% wrong: second accumulator sees the first one changed
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    dx1 = dx1 + x2 * dout
    dx2 = dx2 + dx1 * dout
    return dx1, dx2

# %% wrong: cotangent taken for the product's value
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + dout / x1, dx2 + dout / x2

# %% wrong: only the first accumulator is added to
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return dx1 + x2 * dout, x1 * dout

# %% wrong: zeros
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return 0 * x1, 0 * x2

# %% wrong: numbers only
# loses: mul_vjp_arrays
def mul_vjp(x1, x2, dx1, dx2, dout):
    return float(dx1) + float(x2) * dout, float(dx2) + float(x1) * dout
