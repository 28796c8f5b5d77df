# %% right: closed form
def root_and_slope(x):
    y = np.sqrt(1 - x**2)
    return y, -x / y

# %% right: bisection, then the theorem
def root_and_slope(x):
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        if x * x + middle * middle > 1:
            high = middle
        else:
            low = middle
    return [high, -x / high]

# %% right: differentiates through a converged iteration
def root_and_slope(x):
    def root(x):
        y = jnp.ones_like(x)
        for _ in range(80):
            y = (y + (1 - x * x) / y) / 2
        return y

    y, dy = jax.jvp(root, (jnp.asarray(float(x)),), (jnp.asarray(1.0),))
    return jnp.array([y, dy])

# %% right: SciPy's brentq and a linear solve
def root_and_slope(x):
    from scipy.optimize import brentq

    g = lambda x, y: x**2 + y**2 - 1.0
    y = brentq(lambda y: g(x, y), 0.0, 1.5, xtol=1e-15, rtol=1e-14)
    for _ in range(3):
        y = y - g(x, y) / (2 * y)
    gx, gy = jax.jacfwd(g, argnums=(0, 1))(float(x), float(y))
    return float(y), float(jnp.linalg.solve(gy.reshape(1, 1), -gx.reshape(1))[0])

# %% right: on the circle by an angle
def root_and_slope(x):
    angle = np.arccos(x)
    y = np.sqrt((1 - x) * (1 + x))
    return y, -1 / np.tan(angle) if abs(x) < 0.9 else -x / y

# %% wrong: sign of the slope
# loses: root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    y = np.sqrt(1 - x**2)
    return y, x / y

# %% wrong: slope upside down
# loses: root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    y = np.sqrt(1 - x**2)
    return y, -y / x if x else 0.0

# %% wrong: the lower root
# loses: root_and_slope_root, root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    y = -1.0
    for _ in range(60):
        y = y - (x * x + y * y - 1) / (2 * y)
    return y, -x / y

# %% wrong: five steps of Newton
# loses: root_and_slope_steep
def root_and_slope(x):
    y = 1.0
    for _ in range(5):
        y = y - (x * x + y * y - 1) / (2 * y)
    return y, -x / y

# %% wrong: two steps of Newton
# loses: root_and_slope_root, root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    y = 1.0
    for _ in range(2):
        y = y - (x * x + y * y - 1) / (2 * y)
    return y, -x / y

# %% wrong: stops at an absolute tolerance
# loses: root_and_slope_steep
def root_and_slope(x):
    y = 1.0
    while abs(x * x + y * y - 1) > 1e-8:
        y = y - (x * x + y * y - 1) / (2 * y)
    return y, -x / y

# %% wrong: the slope of g by x alone
# loses: root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    y = float(np.sqrt(1 - x**2))
    return y, float(jax.grad(lambda x: x * x + y * y - 1)(float(x)))

# %% wrong: finite difference of the root
# loses: root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    root = lambda x: np.sqrt(1 - x**2)
    return root(x), (root(x + 1e-3) - root(x)) / 1e-3

# %% wrong: gradient stops at the iteration
# loses: root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    def root(x):
        y = 1.0
        for _ in range(80):
            y = y - (float(jax.lax.stop_gradient(x)) ** 2 + y * y - 1) / (2 * y)
        return y + 0.0 * x

    return root(x), float(jax.grad(root)(float(x)))

# %% wrong: the root alone
# loses: root_and_slope_root, root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    return np.sqrt(1 - x**2)

# %% wrong: slope first
# loses: root_and_slope_root, root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    y = np.sqrt(1 - x**2)
    return -x / y, y

# %% wrong: x kept above zero
# loses: root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    y = np.sqrt(1 - x**2)
    return y, -abs(x) / y

# %% wrong: the example, whatever x is
# loses: root_and_slope_root, root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    return 0.8, -0.75

# %% wrong: the slope of the example, whatever x is
# loses: root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    return np.sqrt(1 - x**2), -0.75

# %% wrong: the slope from a quotient that needs x
# loses: root_and_slope_slope
def root_and_slope(x):
    y = np.sqrt(1 - x**2)
    with np.errstate(all="ignore"):
        return y, np.float64(y - 1 / y) / x

# %% wrong: right on the right side only
# loses: root_and_slope_root, root_and_slope_slope, root_and_slope_steep
def root_and_slope(x):
    x = max(x, 0.0)
    y = np.sqrt(1 - x**2)
    return y, -x / y

# %% wrong: a slope with an upper limit
# loses: root_and_slope_steep
def root_and_slope(x):
    y = np.sqrt(1 - x**2)
    return y, np.clip(-x / y, -100.0, 100.0)
