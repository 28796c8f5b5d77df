# %% right: complex step
def _complex_step(f):
    def g(x):
        if not isinstance(x, Dual):
            return f(float(x))
        z = f(complex(x.value, 1e-40 * x.deriv))
        return Dual(z.real, z.imag / 1e-40)

    return g


import cmath


def _real(z):
    return z if abs(z.imag) > 0 else z.real


sin = _complex_step(lambda z: cmath.sin(z) if isinstance(z, complex) else np.sin(z))
cos = _complex_step(lambda z: cmath.cos(z) if isinstance(z, complex) else np.cos(z))
exp = _complex_step(lambda z: cmath.exp(z) if isinstance(z, complex) else np.exp(z))
log = _complex_step(lambda z: cmath.log(z) if isinstance(z, complex) else np.log(z))
sqrt = _complex_step(lambda z: cmath.sqrt(z) if isinstance(z, complex) else np.sqrt(z))


# %% right: a table of functions and derivatives
import math


def _lifted(f, slope):
    return lambda x: Dual(f(x.value), slope(x.value) * x.deriv) if hasattr(x, "deriv") else f(x)


sin = _lifted(math.sin, math.cos)
cos = _lifted(math.cos, lambda t: -math.sin(t))
exp = _lifted(math.exp, math.exp)
log = _lifted(math.log, lambda t: 1 / t)
sqrt = _lifted(math.sqrt, lambda t: 0.5 / math.sqrt(t))


# %% right: three of them from sine and powers, in jnp
def sin(x):
    if isinstance(x, Dual):
        return Dual(jnp.sin(x.value), jnp.cos(x.value) * x.deriv)
    return jnp.sin(x)


def cos(x):
    return sin(x + jnp.pi / 2)


def exp(x):
    return jnp.e**x


def log(x):
    if isinstance(x, Dual):
        return Dual(jnp.log(x.value), x.deriv / x.value)
    return jnp.log(x)


def sqrt(x):
    return x**0.5


# %% right: number first, and the tangent by the inverse function
def sin(x):
    try:
        return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)
    except AttributeError:
        return np.sin(x)


def cos(x):
    try:
        return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)
    except AttributeError:
        return np.cos(x)


def exp(x):
    try:
        y = np.exp(x.value)
        return Dual(y, y * x.deriv)
    except AttributeError:
        return np.exp(x)


def log(x):
    try:
        y = np.log(x.value)
        return Dual(y, x.deriv * np.exp(-y))
    except AttributeError:
        return np.log(x)


def sqrt(x):
    try:
        y = np.sqrt(x.value)
        return Dual(y, x.deriv / y / 2)
    except AttributeError:
        return np.sqrt(x)


# %% wrong: the tangents forgotten
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.value))


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), -np.sin(x.value))


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.value))


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), 1 / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), 0.5 / np.sqrt(x.value))


# %% wrong: the sign of the cosine's derivative
# loses: dual_functions_sin_and_cos
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.value) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: logarithm to the base 10
# loses: dual_functions_exp_log_sqrt, dual_functions_of_numbers
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.value) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log10(x)
    return Dual(np.log10(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: no factor 2 under the square root's slope
# loses: dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.value) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), x.deriv / np.sqrt(x.value))


# %% wrong: Duals only
# loses: dual_functions_of_numbers
def sin(x):
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)


def cos(x):
    return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)


def exp(x):
    return Dual(np.exp(x.value), np.exp(x.value) * x.deriv)


def log(x):
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: numbers become Duals
# loses: dual_functions_of_numbers
def sin(x):
    if not isinstance(x, Dual):
        x = Dual.lift(x)
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        x = Dual.lift(x)
    return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        x = Dual.lift(x)
    return Dual(np.exp(x.value), np.exp(x.value) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        x = Dual.lift(x)
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        x = Dual.lift(x)
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: the function of the tangent
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.sin(x.deriv))


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), np.cos(x.deriv))


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.deriv))


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), np.log(x.deriv))


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), np.sqrt(x.deriv))


# %% wrong: the power rule for exp
# loses: dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), x.value * np.exp(x.value - 1) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: the slope at the tangent
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.deriv))


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.deriv) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: finite differences
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), (np.sin(x.value + 1e-6) - np.sin(x.value)) / 1e-6 * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), (np.cos(x.value + 1e-6) - np.cos(x.value)) / 1e-6 * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), (np.exp(x.value + 1e-6) - np.exp(x.value)) / 1e-6 * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), (np.log(x.value + 1e-6) - np.log(x.value)) / 1e-6 * x.deriv)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), (np.sqrt(x.value + 1e-6) - np.sqrt(x.value)) / 1e-6 * x.deriv)


# %% wrong: the Dual handed in is changed
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    x.value, x.deriv = np.sin(x.value), np.cos(x.value) * x.deriv
    return x


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    x.value, x.deriv = np.cos(x.value), -np.sin(x.value) * x.deriv
    return x


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    x.value, x.deriv = np.exp(x.value), np.exp(x.value) * x.deriv
    return x


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    x.value, x.deriv = np.log(x.value), x.deriv / x.value
    return x


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    x.value, x.deriv = np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value))
    return x



# %% wrong: NumPy's functions as they are
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
sin, cos, exp, log, sqrt = np.sin, np.cos, np.exp, np.log, np.sqrt


# %% right: one decorator
def _of_duals(slope):
    def decorate(function):
        def either(x):
            if not isinstance(x, Dual):
                return function(x)
            return Dual(function(x.value), slope(x.value) * x.deriv)

        return either

    return decorate


sin = _of_duals(np.cos)(np.sin)
cos = _of_duals(lambda x: -np.sin(x))(np.cos)
exp = _of_duals(np.exp)(np.exp)
log = _of_duals(lambda x: 1 / x)(np.log)
sqrt = _of_duals(lambda x: 0.5 / np.sqrt(x))(np.sqrt)


# %% wrong: the cosine from the sine, without its sign
# loses: dual_functions_sin_and_cos, dual_functions_of_numbers
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return np.sqrt(1 - np.sin(x) ** 2)
    return Dual(np.sqrt(1 - np.sin(x.value) ** 2), -np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.value) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: functions of the size
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(abs(x.value)), np.cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), -np.sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(abs(x.value)), np.exp(abs(x.value)) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), x.deriv / (2 * np.sqrt(x.value)))


# %% wrong: the size of the tangent
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt
def sin(x):
    if not isinstance(x, Dual):
        return np.sin(x)
    return Dual(np.sin(x.value), np.cos(x.value) * abs(x.deriv))


def cos(x):
    if not isinstance(x, Dual):
        return np.cos(x)
    return Dual(np.cos(x.value), -np.sin(x.value) * abs(x.deriv))


def exp(x):
    if not isinstance(x, Dual):
        return np.exp(x)
    return Dual(np.exp(x.value), np.exp(x.value) * abs(x.deriv))


def log(x):
    if not isinstance(x, Dual):
        return np.log(x)
    return Dual(np.log(x.value), abs(x.deriv) / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return np.sqrt(x)
    return Dual(np.sqrt(x.value), abs(x.deriv) / (2 * np.sqrt(x.value)))


# %% wrong: imported names hidden by the definitions
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt, dual_functions_of_numbers
from math import cos, exp, log, sin, sqrt


def sin(x):
    if not isinstance(x, Dual):
        return sin(x)
    return Dual(sin(x.value), cos(x.value) * x.deriv)


def cos(x):
    if not isinstance(x, Dual):
        return cos(x)
    return Dual(cos(x.value), -sin(x.value) * x.deriv)


def exp(x):
    if not isinstance(x, Dual):
        return exp(x)
    return Dual(exp(x.value), exp(x.value) * x.deriv)


def log(x):
    if not isinstance(x, Dual):
        return log(x)
    return Dual(log(x.value), x.deriv / x.value)


def sqrt(x):
    if not isinstance(x, Dual):
        return sqrt(x)
    return Dual(sqrt(x.value), x.deriv / (2 * sqrt(x.value)))


# %% wrong: the examples alone
# loses: dual_functions_sin_and_cos, dual_functions_exp_log_sqrt, dual_functions_of_numbers
def sin(x):
    return Dual(0.0, 2.0)


def cos(x):
    return Dual(1.0, 0.0)


def exp(x):
    return Dual(1.0, 2.0)


def log(x):
    return Dual(0.0, 2.0)


def sqrt(x):
    return Dual(2.0, 0.5) if isinstance(x, Dual) else 3.0
