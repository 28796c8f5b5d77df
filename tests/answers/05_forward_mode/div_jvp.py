# %% right: the textbook's quotient rule
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, (dx1 * x2 - x1 * dx2) / x2**2


# %% right: product of x1 and the reciprocal
def div_jvp(x1, dx1, x2, dx2):
    r = 1 / x2
    dr = -dx2 * r * r
    return x1 * r, dx1 * r + x1 * dr


# %% right: solved from v·x2 = x1, in jnp
def div_jvp(x1, dx1, x2, dx2):
    v = jnp.divide(x1, x2)
    return [v, jnp.divide(jnp.subtract(dx1, jnp.multiply(v, dx2)), x2)]


# %% right: complex step
def div_jvp(x1, dx1, x2, dx2):
    h = 1e-40
    z = (x1 + 1j * h * dx1) / (x2 + 1j * h * dx2)
    return np.real(z), np.imag(z) / h


# %% wrong: the sign of the second term
# loses: div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, (dx1 * x2 + x1 * dx2) / x2**2


# %% wrong: numerator the wrong way round
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, (x1 * dx2 - dx1 * x2) / x2**2


# %% wrong: denominator not squared
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, (dx1 * x2 - x1 * dx2) / x2


# %% wrong: the second term divided once
# loses: div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, dx1 / x2 - x1 * dx2 / x2


# %% wrong: quotient of the tangents
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, dx1 / dx2 if np.all(dx2) else 0.0


# %% wrong: denominator taken for a constant
# loses: div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, dx1 / x2


# %% wrong: x2**2 and x1 exchanged
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, dx1 / x2 - x2 * dx2 / x1**2


# %% wrong: whole-number division
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 // x2, (dx1 - (x1 // x2) * dx2) / x2


# %% wrong: in place
# loses: div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    value = x1 / x2
    dx1 -= value * dx2
    dx1 /= x2
    return value, dx1


# %% wrong: forward difference
# loses: div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    h = 1e-7
    return x1 / x2, ((x1 + h * dx1) / (x2 + h * dx2) - x1 / x2) / h


# %% right: through the logarithm of the denominator alone
def div_jvp(x1, dx1, x2, dx2):
    inverse = 1 / x2
    return x1 * inverse, inverse * dx1 - x1 * inverse * (dx2 * inverse)


# %% wrong: relative changes subtracted, which divides by the numerator
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    value = x1 / x2
    return value, value * (dx1 / x1 - dx2 / x2)


# %% wrong: the size of the denominator
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return x1 / x2, (dx1 - x1 / x2 * dx2) / abs(x2)


# %% wrong: the numbers of the examples
# loses: div_jvp_numerator, div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    return 3.0, 0.5 if dx2 == 0 else -0.25


# %% wrong: right for numbers, a matrix division for arrays
# loses: div_jvp_both_tangents
def div_jvp(x1, dx1, x2, dx2):
    if np.ndim(x2) == 2:
        inverse = np.linalg.pinv(x2)
        return x1 @ inverse, dx1 @ inverse
    return x1 / x2, (dx1 - x1 / x2 * dx2) / x2
