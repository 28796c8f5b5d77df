# %% right: polarisation
def mul_jvp(x1, dx1, x2, dx2):
    # 4·x1·x2 = (x1 + x2)² - (x1 - x2)², and the square has the derivative 2·s·ds
    s, ds, d, dd = x1 + x2, dx1 + dx2, x1 - x2, dx1 - dx2
    return x1 * x2, (2 * s * ds - 2 * d * dd) / 4


# %% right: a list of jnp numbers
def mul_jvp(x1, dx1, x2, dx2):
    x1, dx1, x2, dx2 = map(jnp.asarray, (x1, dx1, x2, dx2))
    return [jnp.multiply(x1, x2), jnp.add(jnp.multiply(x1, dx2), jnp.multiply(dx1, x2))]


# %% right: complex step, which is exact for a product
def mul_jvp(x1, dx1, x2, dx2):
    h = 1e-40
    z = (x1 + 1j * h * dx1) * (x2 + 1j * h * dx2)
    return z.real, z.imag / h


# %% right: the product as a bilinear map, applied twice
def mul_jvp(x1, dx1, x2, dx2):
    def bent(a, b):
        return a * b

    return bent(x1, x2), bent(dx1, x2) + bent(x1, dx2)


# %% right: single precision
def mul_jvp(x1, dx1, x2, dx2):
    x1, dx1, x2, dx2 = (np.asarray(a, dtype=np.float32) for a in (x1, dx1, x2, dx2))
    return x1 * x2, dx1 * x2 + x1 * dx2


# %% wrong: factors crossed
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, x1 * dx1 + x2 * dx2


# %% wrong: the second-order term kept
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, (x1 + dx1) * (x2 + dx2) - x1 * x2


# %% wrong: product of the tangents
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, dx1 * dx2


# %% wrong: one term only
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, dx1 * x2


# %% wrong: tangents taken for ones
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, x1 + x2


# %% wrong: tangent before value
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return dx1 * x2 + x1 * dx2, x1 * x2


# %% wrong: only the tangent
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return dx1 * x2 + x1 * dx2


# %% wrong: the minus of the quotient rule
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, dx1 * x2 - x1 * dx2


# %% wrong: in place
# loses: mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    dx1 *= x2
    dx1 += x1 * dx2
    return x1 * x2, dx1


# %% wrong: forward difference
# loses: mul_jvp_random_tangents
def mul_jvp(x1, dx1, x2, dx2):
    h = 1e-7
    return x1 * x2, ((x1 + h * dx1) * (x2 + h * dx2) - x1 * x2) / h


# %% wrong: matrix product
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return np.dot(x1, x2), np.dot(dx1, x2) + np.dot(x2, dx1)


# %% wrong: numbers only
# loses: mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return float(x1) * float(x2), float(dx1) * float(x2) + float(x1) * float(dx2)


# %% right: the tangent of a sum over both factors, in a loop
def mul_jvp(x1, dx1, x2, dx2):
    factors, tangents, tangent = (x1, x2), (dx1, dx2), 0.0
    for k in (0, 1):
        tangent = tangent + tangents[k] * factors[1 - k]
    return x1 * x2, tangent


# %% wrong: relative changes added, which divides by the inputs
# loses: mul_jvp_random_tangents
def mul_jvp(x1, dx1, x2, dx2):
    value = x1 * x2
    return value, value * (dx1 / x1 + dx2 / x2)


# %% wrong: sizes only
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, abs(dx1 * x2) + abs(x1 * dx2)


# %% wrong: the numbers of the example
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return 8.0, 5.0


# %% wrong: a tangent of zero taken for a missing one
# loses: mul_jvp_random_tangents, mul_jvp_arrays
def mul_jvp(x1, dx1, x2, dx2):
    return x1 * x2, np.where(dx1 == 0, 1.0, dx1) * x2 + x1 * np.where(dx2 == 0, 1.0, dx2)
