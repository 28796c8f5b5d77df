# %% right: written out in steps
def forward_difference(f, x, dx):
    here = f(x)
    there = f(x + dx)
    rise = there - here
    return rise / dx

# %% right: point by point, a list back
def forward_difference(f, x, dx):
    if np.ndim(x) == 0:
        return (f(x + dx) - f(x)) / dx
    return [forward_difference(f, point, dx) for point in x]

# %% right: jnp arithmetic
def forward_difference(f, x, dx):
    x = jnp.asarray(x)
    return jnp.subtract(f(x + dx), f(x)) / dx

# %% right: multiplied by the inverse step
def forward_difference(f, x, dx):
    return f(x + dx) * (1 / dx) - f(x) * (1 / dx)

# %% right: both points at once
def forward_difference(f, x, dx):
    left, right = (np.asarray(f(np.asarray(x) + step)) for step in (0, dx))
    return np.diff([left, right], axis=0)[0] / dx

# %% right: the step as it is represented
def forward_difference(f, x, dx):
    ahead = x + dx
    return (f(ahead) - f(x)) / (ahead - x)

# %% wrong: backward difference
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return (f(x) - f(x - dx)) / dx

# %% wrong: central difference
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return (f(x + dx) - f(x - dx)) / (2 * dx)

# %% wrong: sign turned
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return (f(x) - f(x + dx)) / dx

# %% wrong: brackets forgotten
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return f(x + dx) - f(x) / dx

# %% wrong: not divided by the step
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return f(x + dx) - f(x)

# %% wrong: divided by x + dx
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return (f(x + dx) - f(x)) / (x + dx)

# %% wrong: step of its own
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    h = 1e-6
    return (f(x + h) - f(x)) / h

# %% wrong: moves the array in place
# loses: forward_difference_arrays
def forward_difference(f, x, dx):
    here = f(x)
    x += dx
    return (f(x) - here) / dx

# %% wrong: floats only
# loses: forward_difference_arrays
def forward_difference(f, x, dx):
    return (float(f(x + dx)) - float(f(x))) / dx

# %% wrong: differences between neighbouring points
# loses: forward_difference_arrays
def forward_difference(f, x, dx):
    if np.ndim(x) == 0:
        return (f(x + dx) - f(x)) / dx
    return np.gradient(f(x), dx)

# %% wrong: only the first point of an array
# loses: forward_difference_arrays
def forward_difference(f, x, dx):
    x = np.asarray(x).ravel()[0]
    return (f(x + dx) - f(x)) / dx

# %% wrong: prints and returns nothing
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    print((f(x + dx) - f(x)) / dx)

# %% wrong: right for the visible example only
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return 2 * x + dx  # of x², worked out on paper

# %% wrong: the size of the rise
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    return abs(f(x + dx) - f(x)) / dx

# %% wrong: a step away from zero
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    dx = np.where(np.asarray(x) < 0, -dx, dx)
    return (f(x + dx) - f(x)) / dx

# %% wrong: a step of at least a part of x
# loses: forward_difference_formula, forward_difference_arrays
def forward_difference(f, x, dx):
    dx = np.maximum(dx, 0.05 * np.abs(x))
    return (f(x + dx) - f(x)) / dx

# %% wrong: integer buffer for the slopes
# loses: forward_difference_arrays
def forward_difference(f, x, dx):
    if np.ndim(x) == 0:
        return (f(x + dx) - f(x)) / dx
    slopes = np.zeros_like(x)
    for i, point in np.ndenumerate(x):
        slopes[i] = (f(point + dx) - f(point)) / dx
    return slopes

# %% wrong: a flat list
# loses: forward_difference_arrays
def forward_difference(f, x, dx):
    if np.ndim(x) == 0:
        return (f(x + dx) - f(x)) / dx
    return [(f(point + dx) - f(point)) / dx for point in np.ravel(x)]
