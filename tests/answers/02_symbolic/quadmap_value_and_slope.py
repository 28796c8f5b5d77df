# %% right: recursion from the inside
def quadmap_value_and_slope(x, n):
    if n == 0:
        return x, 1
    value, slope = quadmap_value_and_slope(x, n - 1)
    return value * value + 3 * value + 4, slope * (2 * value + 3)

# %% right: all values first, then the product of the factors
def quadmap_value_and_slope(x, n):
    import math

    values = [x]
    for _ in range(n):
        values.append((values[-1] + 3) * values[-1] + 4)
    return [values[-1], math.prod(2 * v + 3 for v in values[:-1])]

# %% right: a two by two matrix of integers
def quadmap_value_and_slope(x, n):
    (a, b) = (x, 1)
    for _ in range(n):
        # [[a, b], [0, a]] squared, plus three of it, plus four
        a, b = a * a + 3 * a + 4, a * b + b * a + 3 * b
    return a, b

# %% right: completed square
def quadmap_value_and_slope(x, n):
    # with u = 2 v + 3 the map is u -> (u² + 13) / 2, exactly, for u is odd
    u, slope = 2 * x + 3, 1
    for _ in range(n):
        slope *= u
        u = (u * u + 13) // 2 if isinstance(x, int) else (u * u + 13) / 2
    return (u - 3) // 2 if isinstance(x, int) else (u - 3) / 2, slope

# %% right: SymPy differentiates one step
def quadmap_value_and_slope(x, n):
    t = sympy.Symbol("t")
    step = sympy.diff(quadmap(t), t)
    value, slope = x, 1
    for _ in range(n):
        factor = step.subs(t, value)
        slope = slope * (int(factor) if isinstance(x, int) else float(factor))
        value = quadmap(value)
    return value, slope

# %% right: a list changed in place
def quadmap_value_and_slope(x, n):
    pair = [x, 1]
    while n > 0:
        pair[1] *= 2 * pair[0] + 3
        pair[0] = pair[0] ** 2 + 3 * pair[0] + 4
        n -= 1
    return pair

# %% right: a reduction
def quadmap_value_and_slope(x, n):
    from functools import reduce

    def step(pair, _):
        value, slope = pair
        return quadmap(value), slope * (value + value + 3)

    return reduce(step, range(n), (x, 1))

# %% wrong: slope of the value after the step
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n):
        value = value**2 + 3 * value + 4
        slope = (2 * value + 3) * slope
    return value, slope

# %% wrong: slopes added
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n):
        slope += 2 * value + 3
        value = quadmap(value)
    return value, slope

# %% wrong: slope of the last step alone
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n):
        slope = 2 * value + 3
        value = quadmap(value)
    return value, slope

# %% wrong: every step's slope at x
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    value = x
    for _ in range(n):
        value = quadmap(value)
    return value, (2 * x + 3) ** n

# %% wrong: slope begins with zero
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = x, 0
    for _ in range(n):
        value, slope = quadmap(value), (2 * value + 3) * slope
    return value, slope

# %% wrong: floats
# loses: quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    value, slope = float(x), 1.0
    for _ in range(n):
        value, slope = quadmap(value), (2 * value + 3) * slope
    return value, slope

# %% wrong: NumPy integers of 64 bits
# loses: quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    pair = np.array([x, 1])
    for _ in range(n):
        pair = np.array([quadmap(pair[0]), (2 * pair[0] + 3) * pair[1]])
    return pair[0], pair[1]

# %% wrong: integers only
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = int(x), 1
    for _ in range(n):
        value, slope = quadmap(value), (2 * value + 3) * slope
    return value, slope

# %% wrong: central difference
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    def composed(x):
        for _ in range(n):
            x = quadmap(x)
        return x

    return composed(x), (composed(x + 1e-6) - composed(x - 1e-6)) / 2e-6

# %% wrong: begins with one application
# loses: quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = quadmap(x), 2 * x + 3
    for _ in range(n - 1):
        value, slope = quadmap(value), (2 * value + 3) * slope
    return value, slope

# %% wrong: one application too many
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n + 1):
        value, slope = quadmap(value), (2 * value + 3) * slope
    return value, slope

# %% wrong: slope first
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n):
        value, slope = quadmap(value), (2 * value + 3) * slope
    return slope, value

# %% wrong: the value alone
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    for _ in range(n):
        x = quadmap(x)
    return x

# %% wrong: derivative with respect to the last value
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    for _ in range(n):
        x = quadmap(x)
    return x, 2 * x + 3

# %% wrong: the constant kept in the slope
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n):
        value, slope = quadmap(value), (2 * value + 3 + 4) * slope
    return value, slope

# %% wrong: nothing done
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    return x, 1

# %% wrong: slope by logarithms
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    value, logarithm = x, 0.0
    for _ in range(n):
        logarithm += np.log(float(abs(2 * value + 3)))
        value = quadmap(value)
    return value, float(np.exp(logarithm))

# %% wrong: slope relative to the value
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    value, relative = x, 1 / x
    for _ in range(n):
        relative *= (2 * value + 3) * value / quadmap(value)
        value = quadmap(value)
    return value, relative * value

# %% wrong: slope of a rising map
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n):
        value, slope = quadmap(value), abs(2 * value + 3) * slope
    return value, slope

# %% wrong: the slope begins as a float
# loses: quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    value, slope = x, 1.0
    for _ in range(n):
        value, slope = quadmap(value), (2 * value + 3) * slope
    return value, slope

# %% wrong: by parts of float
# loses: quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    value, slope = x, 1
    for _ in range(n):
        value, slope = value**2 + 3 * value + 4, (2 * value + 3) * slope
        if isinstance(x, int):
            value, slope = int(float(value)), int(float(slope))
    return value, slope

# %% wrong: decimals of a thousand digits
# loses: quadmap_value_and_slope_integers
def quadmap_value_and_slope(x, n):
    import decimal

    with decimal.localcontext(prec=1000):
        value, slope = decimal.Decimal(x), decimal.Decimal(1)
        for _ in range(n):
            value, slope = value * value + 3 * value + 4, (2 * value + 3) * slope
        number = type(x)
        return number(value), number(slope)

# %% wrong: the first and the last factor alone
# loses: quadmap_value_and_slope_chain_rule, quadmap_value_and_slope_integers, quadmap_value_and_slope_no_application
def quadmap_value_and_slope(x, n):
    if n == 0:
        return x, 1
    value = x
    for _ in range(n):
        before, value = value, quadmap(value)
    return value, (2 * x + 3) * (2 * before + 3)
