# %% right: each composition built anew
def expression_swell(g, n):
    x = sympy.Symbol("x")

    def applied(times):
        return x if times == 0 else g(applied(times - 1))

    return tuple(applied(k).diff(x).count_ops() for k in range(1, n + 1))

# %% right: the map of a symbol, then substitution
def expression_swell(g, n):
    u = sympy.symbols("u", real=True)
    expression, counts = u, []
    for _ in range(n):
        expression = g(u).subs(u, expression)
        counts += [sympy.count_ops(sympy.diff(expression, u))]
    return counts

# %% right: an unevaluated derivative, done later
def expression_swell(g, n):
    from functools import reduce

    y = sympy.Symbol("y")
    chains = [reduce(lambda inner, _: g(inner), range(k), y) for k in range(1, n + 1)]
    return np.array([sympy.count_ops(sympy.Derivative(chain, y).doit()) for chain in chains])

# %% right: floats in an array
def expression_swell(g, n):
    x = sympy.Dummy()
    counts = np.zeros(n)
    expression = x
    for k in range(n):
        expression = g(expression)
        counts[k] = sympy.count_ops(expression.diff(x))
    return counts

# %% right: an accumulation
def expression_swell(g, n):
    from itertools import accumulate

    x = sympy.Symbol("x")
    _, *chains = accumulate(range(n), lambda inner, _: g(inner), initial=x)
    return [chain.diff(x).count_ops() for chain in chains]

# %% wrong: counts the function, not its derivative
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        counts.append(sympy.count_ops(expression))
    return counts

# %% wrong: always the map of the lecture
# loses: expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = quadmap(expression)
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
    return counts

# %% wrong: numbers copied from the slide
# loses: expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    return [2, 10, 35, 99, 255, 623][:n]

# %% wrong: simplified first
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        counts.append(sympy.count_ops(sympy.factor(sympy.diff(expression, x))))
    return counts

# %% wrong: multiplied out
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = sympy.expand(g(expression))
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
    return counts

# %% wrong: begins with no application
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
        expression = g(expression)
    return counts

# %% wrong: one application too many
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = sympy.Symbol("x")
    expression = g(x)
    counts = []
    for _ in range(n):
        expression = g(expression)
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
    return counts

# %% wrong: one number too many
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n + 1):
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
        expression = g(expression)
    return counts

# %% wrong: the last count alone
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    for _ in range(n):
        expression = g(expression)
    return sympy.count_ops(sympy.diff(expression, x))

# %% wrong: higher derivatives of one application
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = sympy.Symbol("x")
    return [sympy.count_ops(sympy.diff(g(x), x, k)) for k in range(1, n + 1)]

# %% wrong: differentiates before each application
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = sympy.diff(g(expression), x)
        counts.append(sympy.count_ops(expression))
    return counts

# %% wrong: counts with common subexpressions named
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        named, rest = sympy.cse(sympy.diff(expression, x))
        counts.append(sum(sympy.count_ops(e) for _, e in named) + sympy.count_ops(rest[0]))
    return counts

# %% wrong: chain rule as a product of factors
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    slope, counts = 1, []
    for _ in range(n):
        slope = sympy.diff(g(x), x).subs(x, expression) * slope
        expression = g(expression)
        counts.append(sympy.count_ops(slope))
    return counts

# %% wrong: length of the printed formula
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        counts.append(len(str(sympy.diff(expression, x))))
    return counts

# %% wrong: visual counts
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        counts.append(sympy.count_ops(sympy.diff(expression, x), visual=True))
    return counts

# %% wrong: counts kept from call to call
# loses: expression_swell_quadmap, expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n, counts=[]):
    x = expression = sympy.Symbol("x")
    for _ in range(n):
        expression = g(expression)
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
    return counts

# %% wrong: results kept, whatever the map
# loses: expression_swell_other_maps, expression_swell_any_length
def expression_swell(g, n, known={}):
    x = expression = sympy.Symbol("x")
    for k in range(n):
        expression = g(expression)
        if k not in known:
            known[k] = sympy.count_ops(sympy.diff(expression, x))
    return [known[k] for k in range(n)]

# %% wrong: at least one operation
# loses: expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        counts.append(max(1, sympy.count_ops(sympy.diff(expression, x))))
    return counts

# %% wrong: ends at a constant
# loses: expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        slope = sympy.diff(expression, x)
        counts.append(sympy.count_ops(slope))
        if slope.is_number:
            break
    return counts

# %% wrong: never more than six
# loses: expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(1, 7):
        expression = g(expression)
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
    return counts[:n]

# %% wrong: a quotient as one fraction
# loses: expression_swell_other_maps
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = sympy.together(g(expression))
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
    return counts

# %% wrong: a number for a single application
# loses: expression_swell_any_length
def expression_swell(g, n):
    x = expression = sympy.Symbol("x")
    counts = []
    for _ in range(n):
        expression = g(expression)
        counts.append(sympy.count_ops(sympy.diff(expression, x)))
    return np.squeeze(np.array(counts))
