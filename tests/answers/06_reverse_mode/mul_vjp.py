# %% right: adds in place
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1_bar += x2 * out_bar
    x2_bar += x1 * out_bar
    return x1_bar, x2_bar

# %% right: a list of jnp arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1, x2, out_bar = jnp.asarray(x1), jnp.asarray(x2), jnp.asarray(out_bar)
    return [x1_bar + out_bar * x2, x2_bar + out_bar * x1]

# %% right: slopes by unit steps, exact since the product is linear in each factor
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    def product(a, b):
        return a * b

    slope1 = product(x1 + 1, x2) - product(x1, x2)
    slope2 = product(x1, x2 + 1) - product(x1, x2)
    return x1_bar + slope1 * out_bar, x2_bar + slope2 * out_bar

# %% right: one stacked array, in float32
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    slopes = np.array([x2, x1], dtype=np.float32)
    return np.array([x1_bar, x2_bar], dtype=np.float32) + slopes * np.float32(out_bar)

# %% right: by way of a generator
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return tuple(d + other * out_bar for d, other in ((x1_bar, x2), (x2_bar, x1)))

# %% right: complex step
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    h = 1e-30
    slope1 = ((x1 + 1j * h) * x2).imag / h
    slope2 = (x1 * (x2 + 1j * h)).imag / h
    return x1_bar + slope1 * out_bar, x2_bar + slope2 * out_bar

# %% wrong: factors crossed
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x1 * out_bar, x2_bar + x2 * out_bar

# %% wrong: accumulators overwritten
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1_bar = x2 * out_bar
    x2_bar = x1 * out_bar
    return x1_bar, x2_bar

# %% wrong: cotangent left out
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x2, x2_bar + x1

# %% wrong: accumulators multiplied by the cotangent too
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return (x1_bar + x2) * out_bar, (x2_bar + x1) * out_bar

# %% wrong: returned in the wrong order
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x2_bar + x1 * out_bar, x1_bar + x2 * out_bar

# %% wrong: nothing returned
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1_bar += x2 * out_bar
    x2_bar += x1 * out_bar

# %% wrong: one sum, as a JVP would give
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1 * x2, (x1_bar * x2 + x1 * x2_bar) * out_bar

# %% wrong: a dot product for arrays
# loses: mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + np.dot(x2, out_bar), x2_bar + np.dot(x1, out_bar)

# %% wrong: scales the factors in place
# loses: mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1 *= out_bar
    x2 *= out_bar
    return x1_bar + x2, x2_bar + x1

# %% wrong: second accumulator sees the first one changed
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    x1_bar = x1_bar + x2 * out_bar
    x2_bar = x2_bar + x1_bar * out_bar
    return x1_bar, x2_bar

# %% wrong: cotangent taken for the product's value
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + out_bar / x1, x2_bar + out_bar / x2

# %% wrong: only the first accumulator is added to
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x2 * out_bar, x1 * out_bar

# %% wrong: zeros
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return 0 * x1, 0 * x2

# %% wrong: numbers only
# loses: mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return float(x1_bar) + float(x2) * out_bar, float(x2_bar) + float(x1) * out_bar

# %% wrong: slopes by dividing the product
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    out = np.multiply(x1, x2)
    return x1_bar + out / x1 * out_bar, x2_bar + out / x2 * out_bar

# %% wrong: signs of the slopes lost
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + abs(x2) * out_bar, x2_bar + abs(x1) * out_bar

# %% wrong: sign of the second slope lost
# loses: mul_vjp_product_rule, mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x2 * out_bar, x2_bar + np.sqrt(x1**2) * out_bar

# %% wrong: negative accumulators taken for empty ones
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return np.maximum(x1_bar, 0.0) + x2 * out_bar, np.maximum(x2_bar, 0.0) + x1 * out_bar

# %% wrong: right for the visible example only, whole numbers in the second accumulator
# loses: mul_vjp_accumulates, mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    return x1_bar + x2 * out_bar, np.floor(x2_bar) + x1 * out_bar

# %% wrong: right for the visible example only, its own results are final
# loses: mul_vjp_accumulates
LAST = [0.0, 0.0]


def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    single = np.ndim(x1) == 0
    if single and any(LAST) and [x1_bar, x2_bar] == LAST:
        return x1_bar, x2_bar
    x1_bar, x2_bar = x1_bar + x2 * out_bar, x2_bar + x1 * out_bar
    if single:
        LAST[:] = x1_bar, x2_bar
    return x1_bar, x2_bar

# %% wrong: arrays flattened
# loses: mul_vjp_arrays
def mul_vjp(x1, x2, x1_bar, x2_bar, out_bar):
    if np.ndim(x1):
        x1, x2, x1_bar, x2_bar, out_bar = (np.ravel(v) for v in (x1, x2, x1_bar, x2_bar, out_bar))
    return x1_bar + x2 * out_bar, x2_bar + x1 * out_bar
