# %% right: mean of the two one-sided differences
def central_difference(f, x, dx):
    return (forward_difference(f, x, dx) + forward_difference(f, x, -dx)) / 2

# %% right: forward difference from the left point
def central_difference(f, x, dx):
    return forward_difference(f, x - dx, 2 * dx)

# %% right: np.gradient of three points
def central_difference(f, x, dx):
    points = np.stack([np.asarray(x) - dx, np.asarray(x) + 0.0, np.asarray(x) + dx])
    return np.gradient(np.asarray(f(points)), dx, axis=0)[1]

# %% right: slope of the parabola through three points
def central_difference(f, x, dx):
    if np.ndim(x):
        return [central_difference(f, point, dx) for point in x]
    return np.polyfit([-dx, 0.0, dx], [f(x - dx), f(x), f(x + dx)], 2)[1]

# %% right: jnp arithmetic
def central_difference(f, x, dx):
    x = jnp.asarray(x)
    return 0.5 * jnp.subtract(f(x + dx), f(x - dx)) / dx

# %% right: a sum over both sides
def central_difference(f, x, dx):
    return sum(side * f(x + side * dx) for side in (1, -1)) / (2 * dx)

# %% wrong: the two forgotten
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (f(x + dx) - f(x - dx)) / dx

# %% wrong: multiplied by the step
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (f(x + dx) - f(x - dx)) / 2 * dx

# %% wrong: forward difference
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (f(x + dx) - f(x)) / dx

# %% wrong: half steps, whole distance
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (f(x + dx / 2) - f(x - dx / 2)) / (2 * dx)

# %% wrong: half steps, a step apart
# loses: central_difference_formula
def central_difference(f, x, dx):
    return (f(x + dx / 2) - f(x - dx / 2)) / dx

# %% wrong: sides crossed
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (f(x - dx) - f(x + dx)) / (2 * dx)

# %% wrong: uneven sides
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (f(x + 2 * dx) - f(x - dx)) / (3 * dx)

# %% wrong: fourth order, another quotient
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (8 * (f(x + dx) - f(x - dx)) - (f(x + 2 * dx) - f(x - 2 * dx))) / (12 * dx)

# %% wrong: moves the array in place
# loses: central_difference_order
def central_difference(f, x, dx):
    x += dx
    right = f(x)
    x -= 2 * dx
    return (right - f(x)) / (2 * dx)

# %% wrong: step of its own
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    dx = 1e-5
    return (f(x + dx) - f(x - dx)) / (2 * dx)

# %% wrong: second difference
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return (f(x + dx) - 2 * f(x) + f(x - dx)) / dx**2

# %% wrong: one number for all points
# loses: central_difference_order
def central_difference(f, x, dx):
    return np.mean((f(x + dx) - f(x - dx)) / (2 * dx))

# %% wrong: right for the visible example only
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return 3 * x**2 + dx**2  # of x³, worked out on paper

# %% wrong: the size of the rise
# loses: central_difference_formula, central_difference_order
def central_difference(f, x, dx):
    return abs(f(x + dx) - f(x - dx)) / (2 * dx)

# %% wrong: a step of at least a part of x
# loses: central_difference_formula
def central_difference(f, x, dx):
    dx = np.maximum(dx, 0.1 * np.abs(x))
    return (f(x + dx) - f(x - dx)) / (2 * dx)

# %% wrong: the points in order
# loses: central_difference_order
def central_difference(f, x, dx):
    if np.ndim(x):
        x = np.sort(x)
    return (f(x + dx) - f(x - dx)) / (2 * dx)
