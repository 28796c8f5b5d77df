# %% right: arrays and argmin
def best_step(f, exact, x, steps, kind):
    steps = np.asarray(steps)
    left = x - steps if kind == "central" else x
    width = 2 * steps if kind == "central" else steps
    errors = np.abs((f(x + steps) - f(left)) / width - exact)
    return steps[np.argmin(errors)]

# %% right: a loop that remembers the best
def best_step(f, exact, x, steps, kind):
    best, smallest = None, float("inf")
    for dx in steps:
        if kind == "forward":
            slope = forward_difference(f, x, dx)
        else:
            slope = central_difference(f, x, dx)
        if abs(slope - exact) < smallest:
            best, smallest = dx, abs(slope - exact)
    return best

# %% right: pairs sorted by error
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    pairs = sorted((abs(difference(f, x, dx) - exact), dx) for dx in steps)
    return pairs[0][1]

# %% right: squared errors in a dictionary
def best_step(f, exact, x, steps, kind):
    difference = {"forward": forward_difference, "central": central_difference}[kind]
    errors = {dx: (difference(f, x, dx) - exact) ** 2 for dx in steps}
    return min(errors, key=errors.get)

# %% right: a JAX scalar back
def best_step(f, exact, x, steps, kind):
    steps = jnp.array(steps)
    difference = forward_difference if kind == "forward" else central_difference
    errors = np.array([difference(f, x, float(dx)) for dx in steps]) - exact
    return steps[int(np.argmin(np.abs(errors)))]

# %% right: the smallest of a heap
def best_step(f, exact, x, steps, kind):
    import heapq

    side = {"forward": 0, "central": 1}[kind]

    def error(dx):
        return abs((f(x + dx) - f(x - side * dx)) / ((1 + side) * dx) - exact)

    return heapq.nsmallest(1, steps, key=error)[0]

# %% wrong: the smallest step
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    return min(steps)

# %% wrong: the error with its sign
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    return min(steps, key=lambda dx: difference(f, x, dx) - exact)

# %% wrong: the index
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    return int(np.argmin([abs(difference(f, x, dx) - exact) for dx in steps]))

# %% wrong: the error itself
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    return min(abs(difference(f, x, dx) - exact) for dx in steps)

# %% wrong: always forward
# loses: best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    return min(steps, key=lambda dx: abs(forward_difference(f, x, dx) - exact))

# %% wrong: always central
# loses: best_step_forward, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    return min(steps, key=lambda dx: abs(central_difference(f, x, dx) - exact))

# %% wrong: the largest error
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    return max(steps, key=lambda dx: abs(difference(f, x, dx) - exact))

# %% wrong: stops where the error first grows
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    best = steps[0]
    for dx in steps[1:]:
        if abs(difference(f, x, dx) - exact) > abs(difference(f, x, best) - exact):
            break
        best = dx
    return best

# %% wrong: rules of thumb
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    return 1e-8 if kind == "forward" else 1e-5

# %% wrong: an array of one
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    errors = np.array([abs(difference(f, x, dx) - exact) for dx in steps])
    return np.asarray(steps)[errors == errors.min()]

# %% wrong: arrays only
# loses: best_step_any_steps
def best_step(f, exact, x, steps, kind):
    if kind == "forward":
        errors = np.abs((f(x + steps) - f(x)) / steps - exact)
    else:
        errors = np.abs((f(x + steps) - f(x - steps)) / (2 * steps) - exact)
    return steps[errors.argmin()]

# %% wrong: sorts the list that was handed in
# loses: best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    steps.sort()
    errors = [abs(difference(f, x, dx) - exact) for dx in steps]
    return steps[errors.index(min(errors))]

# %% wrong: sorted steps beside unsorted errors
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    errors = [abs(difference(f, x, dx) - exact) for dx in steps]
    return sorted(steps)[int(np.argmin(errors))]

# %% wrong: compares the estimates, not the errors
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    return max(steps, key=lambda dx: difference(f, x, dx))

# %% wrong: the step nearest to the rule of thumb
# loses: best_step_forward, best_step_central
def best_step(f, exact, x, steps, kind):
    eps = np.finfo(float).eps
    thumb = eps ** (1 / 2) if kind == "forward" else eps ** (1 / 3)
    return min(steps, key=lambda dx: abs(np.log(dx / thumb)))

# %% wrong: from the largest step, stops where the error first grows
# loses: best_step_forward, best_step_central
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    best, smallest = None, np.inf
    for dx in sorted(steps, reverse=True):
        error = abs(difference(f, x, dx) - exact)
        if error > smallest:
            break
        best, smallest = dx, error
    return best

# %% wrong: from the smallest step, stops where the error first grows
# loses: best_step_forward, best_step_central
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    best, smallest = None, np.inf
    for dx in sorted(steps):
        error = abs(difference(f, x, dx) - exact)
        if error > smallest:
            break
        best, smallest = dx, error
    return best

# %% wrong: the size of the slope less that of the exact one
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    return min(steps, key=lambda dx: abs(difference(f, x, dx)) - abs(exact))

# %% wrong: the size of the estimate
# loses: best_step_forward, best_step_central, best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    return min(steps, key=lambda dx: abs(abs(difference(f, x, dx)) - exact))

# %% wrong: sorts its steps, and so a list
# loses: best_step_any_steps
def best_step(f, exact, x, steps, kind):
    difference = forward_difference if kind == "forward" else central_difference
    if isinstance(steps, list):
        steps.sort()
    return min(steps, key=lambda dx: abs(difference(f, x, dx) - exact))
