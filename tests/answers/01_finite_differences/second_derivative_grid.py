# %% right: three-point formula, ends repeated
def second_derivative_grid(y, x):
    dx = x[1] - x[0]
    inside = (y[2:] - 2 * y[1:-1] + y[:-2]) / dx**2
    return np.concatenate([inside[:1], inside, inside[-1:]])

# %% right: spacing as a number, both times
def second_derivative_grid(y, x):
    dx = (x[-1] - x[0]) / (len(x) - 1)
    return np.gradient(np.gradient(y, dx), dx)

# %% right: parabola through three neighbours, a list back
def second_derivative_grid(y, x):
    result = []
    for i in range(len(x)):
        j = min(max(i, 1), len(x) - 2)
        part = slice(j - 1, j + 2)
        result.append(2 * np.polyfit(x[part] - x[j], y[part], 2)[0])
    return result

# %% right: np.gradient of second order at the ends
def second_derivative_grid(y, x):
    return np.gradient(np.gradient(y, x, edge_order=2), x, edge_order=2)

# %% right: unit spacing, scaled at the end
def second_derivative_grid(y, x):
    return np.gradient(np.gradient(y)) / (x[1] - x[0]) ** 2

# %% right: jnp arithmetic
def second_derivative_grid(y, x):
    return jnp.gradient(jnp.gradient(jnp.asarray(y), x[1] - x[0]), x[1] - x[0])

# %% right: slopes between the points, then their slope
def second_derivative_grid(y, x):
    between = np.diff(y) / np.diff(x)
    middles = (x[1:] + x[:-1]) / 2
    inside = list(np.diff(between) / np.diff(middles))
    return [inside[0], *inside, inside[-1]]

# %% wrong: second gradient without spacing
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.gradient(np.gradient(y, x))

# %% wrong: no spacing at all
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.gradient(np.gradient(y))

# %% wrong: shorter by two
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.diff(y, 2) / (x[1] - x[0]) ** 2

# %% wrong: zeros at the ends
# loses: second_derivative_grid_ends
def second_derivative_grid(y, x):
    result = np.zeros(len(x))
    result[1:-1] = np.diff(y, 2) / (x[1] - x[0]) ** 2
    return result

# %% wrong: NaN at the ends
# loses: second_derivative_grid_ends
def second_derivative_grid(y, x):
    inside = np.diff(y, 2) / (x[1] - x[0]) ** 2
    return np.pad(inside, 1, constant_values=np.nan)

# %% wrong: neighbours from the other end
# loses: second_derivative_grid_ends
def second_derivative_grid(y, x):
    return (np.roll(y, -1) - 2 * y + np.roll(y, 1)) / (x[1] - x[0]) ** 2

# %% wrong: convolution sees zeros beyond the grid
# loses: second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.convolve(y, [1, -2, 1], mode="same") / (x[1] - x[0]) ** 2

# %% wrong: divided by the spacing once
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.gradient(np.gradient(y)) / (x[1] - x[0])

# %% wrong: first derivative
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.gradient(y, x)

# %% wrong: first derivative squared
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.gradient(y, x) ** 2

# %% wrong: middle value not doubled
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    dx = x[1] - x[0]
    inside = (y[2:] - y[1:-1] + y[:-2]) / dx**2
    return np.concatenate([inside[:1], inside, inside[-1:]])

# %% wrong: shifted by one point
# loses: second_derivative_grid_spacing
def second_derivative_grid(y, x):
    inside = np.diff(y, 2) / (x[1] - x[0]) ** 2
    return np.concatenate([inside, inside[-1:], inside[-1:]])

# %% wrong: works in the values that were handed in
# loses: second_derivative_grid_spacing
def second_derivative_grid(y, x):
    y[:] = np.gradient(y, x)
    return np.gradient(y, x)

# %% wrong: arguments crossed
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.gradient(np.gradient(x, y), y)

# %% wrong: right for the visible example only
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.full(len(x), 2.0)  # of x², worked out on paper

# %% wrong: the size of the second derivative
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.abs(np.gradient(np.gradient(y, x), x))

# %% wrong: the second point for the spacing
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    return np.gradient(np.gradient(y, x[1]), x[1])

# %% wrong: one polynomial through everything
# loses: second_derivative_grid_spacing, second_derivative_grid_ends
def second_derivative_grid(y, x):
    fit = np.polynomial.Polynomial.fit(x, y, 4)
    return fit.deriv(2)(x)
