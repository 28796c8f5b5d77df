# %% right: forward, value shared, a list back
def gradient_fd(f, x, dx):
    here = f(x)
    slopes = []
    for i in range(len(x)):
        nudged = np.array(x, dtype=float)
        nudged[i] += dx
        slopes.append((f(nudged) - here) / dx)
    return slopes

# %% right: forward, value not shared but within 2n
def gradient_fd(f, x, dx):
    unit = np.eye(len(x))
    return tuple((f(x + dx * e) - f(x)) / dx for e in unit)

# %% right: one array, old value put back
def gradient_fd(f, x, dx):
    moving = x.astype(float)
    slopes = np.empty(len(x))
    for i, old in enumerate(moving.copy()):
        moving[i] = old + dx
        right = f(moving)
        moving[i] = old - dx
        left = f(moving)
        moving[i] = old
        slopes[i] = (right - left) / (2 * dx)
    return slopes

# %% right: telescope, from corner to corner
def gradient_fd(f, x, dx):
    corner = np.array(x, dtype=float)
    values = [f(corner.copy())]
    for i in range(len(corner)):
        corner[i] += dx
        values.append(f(corner.copy()))
    return np.diff(values) / dx

# %% right: jnp, functional update
def gradient_fd(f, x, dx):
    x = jnp.asarray(x, dtype=float)
    return jnp.array([(f(x.at[i].add(dx)) - f(x.at[i].add(-dx))) / (2 * dx) for i in range(x.size)])

# %% right: backward difference with half steps of central kind on lists
def gradient_fd(f, x, dx):
    numbers = [float(v) for v in x]
    slopes = []
    for i, v in enumerate(numbers):
        left = numbers[:i] + [v - dx / 2] + numbers[i + 1:]
        right = numbers[:i] + [v + dx / 2] + numbers[i + 1:]
        slopes.append((f(np.array(right)) - f(np.array(left))) / dx)
    return slopes

# %% right: the nudged points as rows of two matrices
def gradient_fd(f, x, dx):
    right, left = (x + side * dx * np.eye(len(x)) for side in (1, -1))
    return np.subtract(*([f(row) for row in rows] for rows in (right, left))) / (2 * dx)

# %% wrong: an integer copy
# loses: gradient_fd_point
def gradient_fd(f, x, dx):
    here = f(x)
    slopes = []
    for i in range(len(x)):
        nudged = x.copy()
        nudged[i] = nudged[i] + dx
        slopes.append((f(nudged) - here) / dx)
    return slopes

# %% wrong: integer buffer for the slopes
# loses: gradient_fd_point
def gradient_fd(f, x, dx):
    slopes = np.zeros_like(x)
    for i, step in enumerate(dx * np.eye(len(x))):
        slopes[i] = (f(x + step) - f(x - step)) / (2 * dx)
    return slopes

# %% wrong: integer buffer for the step
# loses: gradient_fd_point
def gradient_fd(f, x, dx):
    here = f(x)
    slopes = []
    for i in range(len(x)):
        step = np.zeros_like(x)
        step[i] = dx
        slopes.append((f(x + step) - here) / dx)
    return slopes

# %% wrong: nudges the point in place and takes the nudge back
# loses: gradient_fd_point
def gradient_fd(f, x, dx):
    here = f(x)
    slopes = []
    for i in range(len(x)):
        x[i] += dx
        slopes.append((f(x) - here) / dx)
        x[i] -= dx
    return np.array(slopes)

# %% wrong: makes floats, then nudges in place
# loses: gradient_fd_point
def gradient_fd(f, x, dx):
    x = np.asarray(x, dtype=float)
    here = f(x)
    slopes = []
    for i in range(len(x)):
        x[i] += dx
        slopes.append((f(x) - here) / dx)
        x[i] -= dx
    return np.array(slopes)

# %% wrong: nudges never put back
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    here = f(x)
    x = np.array(x, dtype=float)
    slopes = []
    for i in range(len(x)):
        x[i] += dx
        slopes.append((f(x) - here) / dx)
    return slopes

# %% wrong: all inputs nudged together
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    slope = (f(x + dx) - f(x - dx)) / (2 * dx)
    return np.full(len(x), slope)

# %% wrong: the total along the diagonal
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    return (f(x + dx) - f(x)) / dx

# %% wrong: central and the value too
# loses: gradient_fd_evaluations
def gradient_fd(f, x, dx):
    slopes = []
    for e in np.eye(len(x)):
        here = f(x)
        ahead = (f(x + dx * e) - here) / dx
        behind = (here - f(x - dx * e)) / dx
        slopes.append((ahead + behind) / 2)
    return slopes

# %% wrong: fourth order, four runs an input
# loses: gradient_fd_values, gradient_fd_evaluations
def gradient_fd(f, x, dx):
    slopes = []
    for e in dx * np.eye(len(x)):
        near = f(x + e) - f(x - e)
        far = f(x + 2 * e) - f(x - 2 * e)
        slopes.append((8 * near - far) / (12 * dx))
    return slopes

# %% wrong: central without the two
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    return [(f(x + dx * e) - f(x - dx * e)) / dx for e in np.eye(len(x))]

# %% wrong: the last input forgotten
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    slopes = np.zeros(len(x))
    for i in range(len(x) - 1):
        e = np.eye(len(x))[i]
        slopes[i] = (f(x + dx * e) - f(x - dx * e)) / (2 * dx)
    return slopes

# %% wrong: step of its own
# loses: gradient_fd_values
def gradient_fd(f, x, dx):
    h = 1e-7
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])

# %% wrong: sorted to look nice
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    return sorted((f(x + dx * e) - f(x - dx * e)) / (2 * dx) for e in np.eye(len(x)))

# %% wrong: a generator
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    return ((f(x + dx * e) - f(x - dx * e)) / (2 * dx) for e in np.eye(len(x)))

# %% wrong: right for the visible example only
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    return x[::-1]  # of a product of two, worked out on paper

# %% wrong: the size of each rise
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    return [abs(f(x + dx * e) - f(x - dx * e)) / (2 * dx) for e in np.eye(len(x))]

# %% wrong: a larger step at large inputs
# loses: gradient_fd_values
def gradient_fd(f, x, dx):
    slopes = []
    for i, e in enumerate(np.eye(len(x))):
        h = dx * max(1, abs(x[i]))
        slopes.append((f(x + h * e) - f(x - h * e)) / (2 * h))
    return slopes

# %% wrong: a step relative to the input
# loses: gradient_fd_values, gradient_fd_evaluations, gradient_fd_point
def gradient_fd(f, x, dx):
    slopes = []
    for i, e in enumerate(np.eye(len(x))):
        h = dx * abs(x[i])
        slopes.append((f(x + h * e) - f(x - h * e)) / (2 * h))
    return slopes

# %% wrong: walks to each corner anew
# loses: gradient_fd_evaluations
def gradient_fd(f, x, dx):
    here, slopes = f(x), []
    for i in range(len(x)):
        corner, value = np.array(x, dtype=float), here
        for j in range(i + 1):
            before = value
            corner[j] += dx
            value = f(corner.copy())
        slopes.append((value - before) / dx)
    return slopes
