# %% right: a frozen dataclass with total_ordering, division by way of powers
from dataclasses import dataclass
from functools import total_ordering


def _number(other):
    return getattr(other, "value", other), getattr(other, "deriv", 0.0)


@total_ordering
@dataclass(frozen=True, eq=False)
class Dual:
    value: float
    deriv: float

    def __add__(self, other):
        value, deriv = _number(other)
        return Dual(self.value + value, self.deriv + deriv)

    def __mul__(self, other):
        value, deriv = _number(other)
        return Dual(self.value * value, self.value * deriv + self.deriv * value)

    def __pow__(self, other):
        value, deriv = _number(other)
        base = value * self.value ** (value - 1) * self.deriv if value else 0.0
        exponent = self.value**value * np.log(self.value) * deriv if deriv else 0.0
        return Dual(self.value**value, base + exponent)

    def __rpow__(self, other):
        return Dual(other, 0.0) ** self

    __radd__, __rmul__ = __add__, __mul__
    __neg__ = lambda self: -1 * self
    __sub__ = lambda self, other: self + -1 * other
    __rsub__ = lambda self, other: -1 * self + other
    __truediv__ = lambda self, other: self * other**-1
    __rtruediv__ = lambda self, other: other * self**-1
    __abs__ = lambda self: self * np.sign(self.value)
    __lt__ = lambda self, other: self.value < _number(other)[0]
    __eq__ = lambda self, other: self.value == _number(other)[0]


# %% right: triangular matrices inside
class Dual:
    def __init__(self, value, deriv):
        self.m = np.array([[value, deriv], [0.0, value]], dtype=float)

    value = property(lambda self: float(self.m[0, 0]))
    deriv = property(lambda self: float(self.m[0, 1]))

    @staticmethod
    def of(m):
        return Dual(m[0, 0], m[0, 1])

    @staticmethod
    def matrix(other):
        return other.m if isinstance(other, Dual) else float(other) * np.eye(2)

    def __add__(self, other):
        return Dual.of(self.m + Dual.matrix(other))

    def __mul__(self, other):
        return Dual.of(self.m @ Dual.matrix(other))

    def __truediv__(self, other):
        return Dual.of(self.m @ np.linalg.inv(Dual.matrix(other)))

    def __rtruediv__(self, other):
        return Dual.of(Dual.matrix(other) @ np.linalg.inv(self.m))

    def __pow__(self, other):
        if not isinstance(other, Dual) and other == int(other):
            return Dual.of(np.linalg.matrix_power(self.m, int(other)))
        exponent = other if isinstance(other, Dual) else Dual(other, 0.0)
        logarithm = Dual(np.log(self.value), self.deriv / self.value)
        product = logarithm * exponent
        return Dual(np.exp(product.value), np.exp(product.value) * product.deriv)

    def __rpow__(self, other):
        return Dual(other, 0.0) ** self

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return Dual.of(-self.m)

    def __sub__(self, other):
        return self + -1.0 * Dual.of(Dual.matrix(other))

    def __rsub__(self, other):
        return -(self - other)

    def __abs__(self):
        return Dual.of(np.sign(self.value) * self.m)

    def __lt__(self, other):
        return bool(self.value < Dual.matrix(other)[0, 0])

    def __gt__(self, other):
        return bool(self.value > Dual.matrix(other)[0, 0])

    def __le__(self, other):
        return not self > other

    def __ge__(self, other):
        return not self < other

    def __eq__(self, other):
        return bool(self.value == Dual.matrix(other)[0, 0])


# %% right: one table of partial derivatives
import operator


class Dual:
    def __init__(self, value, deriv):
        self.value, self.deriv = value, deriv

    def __neg__(self):
        return 0 - self

    def __abs__(self):
        return max(self, -self)


def _split(x):
    return (x.value, x.deriv) if isinstance(x, Dual) else (x, 0.0)


def _operation(f, by_x, by_y):
    def forward(a, b):
        (x, dx), (y, dy) = _split(a), _split(b)
        deriv = by_x(x, y) * dx
        return Dual(f(x, y), deriv + by_y(x, y) * dy if isinstance(b, Dual) else deriv)

    return forward, lambda b, a: forward(Dual(a, 0.0), b)


for _name, _rule in {
    "add": (operator.add, lambda x, y: 1, lambda x, y: 1),
    "sub": (operator.sub, lambda x, y: 1, lambda x, y: -1),
    "mul": (operator.mul, lambda x, y: y, lambda x, y: x),
    "truediv": (operator.truediv, lambda x, y: 1 / y, lambda x, y: -x / y**2),
    "pow": (operator.pow, lambda x, y: y * x ** (y - 1) if y else 0, lambda x, y: x**y * np.log(x)),
}.items():
    for _prefix, _method in zip(("__", "__r"), _operation(*_rule)):
        setattr(Dual, f"{_prefix}{_name}__", _method)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _compare = getattr(operator, _name)
    setattr(Dual, f"__{_name}__", lambda a, b, compare=_compare: compare(_split(a)[0], _split(b)[0]))


# %% right: jnp numbers inside, constants shared
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = jnp.asarray(value, float), jnp.asarray(deriv, float)

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if not isinstance(n, Dual) and float(n).is_integer():
            n = int(n)
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% right: powers with the exponent told apart, abs by copying the sign
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        if n == 0:
            return Dual(1.0, 0.0)
        if n == 1:
            return self
        if n < 0:
            return 1 / self**-n
        return Dual(x**n, n * x ** (n - 1) * self.deriv)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return self * float(np.copysign(1.0, self.value))

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: factors crossed in the product rule
# loses: dual_arithmetic_sum_and_product, dual_arithmetic_numbers_on_either_side, dual_arithmetic_operands_unchanged, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * self.value + other.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the second-order term kept
# loses: dual_arithmetic_sum_and_product, dual_arithmetic_operands_unchanged, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv + self.deriv * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the subtraction of a number the wrong way round
# loses: dual_arithmetic_numbers_on_either_side
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return self - other

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: numbers on the left forgotten
# loses: dual_arithmetic_numbers_on_either_side, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: Duals only, no numbers
# loses: dual_arithmetic_numbers_on_either_side, dual_control_flow_comparisons, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a number moves with tangent one
# loses: dual_arithmetic_numbers_on_either_side, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=1.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: whole numbers and floats of Python only
# loses: dual_arithmetic_numbers_on_either_side
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return Dual(other) if type(other) in (int, float) else other

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a sum that changes its left operand
# loses: dual_arithmetic_sum_and_product, dual_arithmetic_numbers_on_either_side, dual_arithmetic_operands_unchanged, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        self.value += other.value
        self.deriv += other.deriv
        return self

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a product that changes its left operand
# loses: dual_arithmetic_sum_and_product, dual_arithmetic_numbers_on_either_side, dual_arithmetic_operands_unchanged, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        self.deriv = self.deriv * other.value + self.value * other.deriv
        self.value = self.value * other.value
        return self

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the sign in the quotient rule
# loses: dual_arithmetic_difference_and_division, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value + self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the denominator not squared
# loses: dual_arithmetic_difference_and_division, dual_arithmetic_numbers_on_either_side, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a unary minus that keeps the tangent
# loses: dual_arithmetic_difference_and_division, dual_powers_dual_exponents, dual_control_flow_abs_and_max
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a product and a sum, and nothing more
# loses: dual_arithmetic_difference_and_division, dual_arithmetic_numbers_on_either_side, dual_powers_number_exponents, dual_powers_at_zero, dual_powers_dual_exponents, dual_control_flow_comparisons, dual_control_flow_abs_and_max, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv):
        self.value, self.deriv = value, deriv

    def __add__(self, other):
        if not isinstance(other, Dual):
            other = Dual(other, 0.0)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    def __mul__(self, other):
        if not isinstance(other, Dual):
            other = Dual(other, 0.0)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)


# %% wrong: powers by way of the logarithm
# loses: dual_powers_number_exponents, dual_powers_at_zero
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, self._both(other)
        with np.errstate(all="ignore"):
            y = np.exp(n.value * np.log(x))
            return Dual(y, y * (n.deriv * np.log(x) + n.value * np.divide(self.deriv, x)))

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the power divided by x again
# loses: dual_powers_at_zero
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x**n / x * self.deriv)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: no case for the power 0
# loses: dual_powers_at_zero
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * float(x) ** (n - 1) * self.deriv)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the power rule without the inner tangent
# loses: dual_powers_number_exponents, dual_powers_at_zero
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the exponent not lowered
# loses: dual_powers_number_exponents, dual_powers_at_zero
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x**n * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: powers by repeated products
# loses: dual_powers_number_exponents
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        product = Dual(1.0)
        for _ in range(int(n)):
            product = product * self
        return product

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: an exponent that does not move
# loses: dual_powers_dual_exponents
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the power rule for an exponential
# loses: dual_powers_dual_exponents
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, self.value * other ** (self.value - 1) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the logarithm of the exponent
# loses: dual_powers_dual_exponents
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(self.value) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: no numbers to the power of a Dual
# loses: dual_powers_dual_exponents
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the absolute value of the tangent too
# loses: dual_control_flow_abs_and_max
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(abs(self.value), abs(self.deriv))

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: an absolute value that keeps the tangent
# loses: dual_control_flow_abs_and_max
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(abs(self.value), self.deriv)

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: an absolute value that is a number
# loses: dual_control_flow_abs_and_max
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return abs(self.value)

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: no comparisons
# loses: dual_control_flow_comparisons, dual_control_flow_abs_and_max, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self


# %% wrong: comparisons of value and tangent
# loses: dual_control_flow_comparisons
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        other = self._both(other)
        return (self.value, self.deriv) < (other.value, other.deriv)

    def __le__(self, other):
        other = self._both(other)
        return (self.value, self.deriv) <= (other.value, other.deriv)

    def __gt__(self, other):
        other = self._both(other)
        return (self.value, self.deriv) > (other.value, other.deriv)

    def __ge__(self, other):
        other = self._both(other)
        return (self.value, self.deriv) >= (other.value, other.deriv)

    def __eq__(self, other):
        other = self._both(other)
        return (self.value, self.deriv) == (other.value, other.deriv)


# %% wrong: equality of value and tangent
# loses: dual_control_flow_comparisons
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        other = self._both(other)
        return self.value == other.value and self.deriv == other.deriv


# %% wrong: comparisons of the tangents
# loses: dual_control_flow_comparisons, dual_control_flow_abs_and_max, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.deriv < self._both(other).deriv

    def __le__(self, other):
        return self.deriv <= self._both(other).deriv

    def __gt__(self, other):
        return self.deriv > self._both(other).deriv

    def __ge__(self, other):
        return self.deriv >= self._both(other).deriv

    def __eq__(self, other):
        return self.deriv == self._both(other).deriv


# %% wrong: comparisons that are Duals
# loses: dual_control_flow_comparisons, dual_control_flow_abs_and_max, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return Dual(self.value < self._both(other).value)

    def __le__(self, other):
        return Dual(self.value <= self._both(other).value)

    def __gt__(self, other):
        return Dual(self.value > self._both(other).value)

    def __ge__(self, other):
        return Dual(self.value >= self._both(other).value)

    def __eq__(self, other):
        return Dual(self.value == self._both(other).value)


# %% wrong: or equal forgotten
# loses: dual_control_flow_comparisons
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value < self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value > self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: tangents left out
# loses: dual_arithmetic_sum_and_product, dual_arithmetic_difference_and_division, dual_arithmetic_numbers_on_either_side, dual_arithmetic_operands_unchanged, dual_powers_number_exponents, dual_powers_at_zero, dual_powers_dual_exponents, dual_control_flow_abs_and_max, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, 0.0

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% right: polynomials in ε, of which the first two coefficients are kept
class Dual:
    def __init__(self, value, deriv):
        self.coefficients = np.array([value, deriv], dtype=float)

    value = property(lambda self: float(self.coefficients[0]))
    deriv = property(lambda self: float(self.coefficients[1]))

    @staticmethod
    def lift(number):
        return number if isinstance(number, Dual) else Dual(number, 0.0)

    def __add__(self, other):
        return Dual(*(self.coefficients + Dual.lift(other).coefficients))

    def __mul__(self, other):
        return Dual(*np.convolve(self.coefficients, Dual.lift(other).coefficients)[:2])

    __radd__, __rmul__ = __add__, __mul__
    __neg__ = lambda self: Dual(*-self.coefficients)
    __sub__ = lambda self, other: self + -Dual.lift(other)
    __rsub__ = lambda self, other: -self + other

    def __truediv__(self, other):
        a, b = self.coefficients, Dual.lift(other).coefficients
        return Dual(*np.linalg.solve([[b[0], 0.0], [b[1], b[0]]], a))

    def __rtruediv__(self, other):
        return Dual.lift(other) / self

    def __pow__(self, other):
        x, n = self.value, Dual.lift(other)
        terms = [n.value * x ** (n.value - 1) * self.deriv] if n.value else []
        terms += [x**n.value * np.log(x) * n.deriv] if n.deriv else []
        return Dual(x**n.value, sum(terms))

    def __rpow__(self, other):
        return Dual.lift(other) ** self

    def __abs__(self):
        return Dual(*(np.copysign(1.0, self.value) * self.coefficients))

    __lt__ = lambda self, other: self.value < Dual.lift(other).value
    __le__ = lambda self, other: self.value <= Dual.lift(other).value
    __gt__ = lambda self, other: self.value > Dual.lift(other).value
    __ge__ = lambda self, other: self.value >= Dual.lift(other).value
    __eq__ = lambda self, other: self.value == Dual.lift(other).value


# %% wrong: a product by relative changes
# loses: dual_arithmetic_sum_and_product, dual_arithmetic_numbers_on_either_side
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        value = self.value * other.value
        return Dual(value, value * (self.deriv / self.value + other.deriv / other.value))

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a quotient by relative changes
# loses: dual_arithmetic_difference_and_division
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        value = self.value / other.value
        return Dual(value, value * (self.deriv / self.value - other.deriv / other.value))

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a difference that is never positive
# loses: dual_arithmetic_difference_and_division, dual_arithmetic_numbers_on_either_side
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(-abs(self.value - other.value), self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a minus that makes everything negative
# loses: dual_arithmetic_difference_and_division, dual_powers_dual_exponents, dual_control_flow_abs_and_max, dual_control_flow_newton_loop
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-abs(self.value), -abs(self.deriv))

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a difference that changes its left operand
# loses: dual_arithmetic_difference_and_division, dual_arithmetic_numbers_on_either_side
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        self.value, self.deriv = self.value - other.value, self.deriv - other.deriv
        return self

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: the size of the denominator
# loses: dual_arithmetic_difference_and_division, dual_arithmetic_numbers_on_either_side
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv - self.value / other.value * other.deriv) / abs(other.value)
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a factor of zero left out
# loses: dual_arithmetic_numbers_on_either_side
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        if not isinstance(other, Dual) and not other:
            return self
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: equality within a tolerance
# loses: dual_control_flow_comparisons
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return bool(np.isclose(self.value, self._both(other).value))


# %% wrong: an order with a tolerance
# loses: dual_control_flow_comparisons
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self._both(other).value - self.value > 1e-9

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: comparisons of sizes
# loses: dual_control_flow_comparisons, dual_control_flow_abs_and_max
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return abs(self.value) < abs(self._both(other).value)

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return abs(self.value) > abs(self._both(other).value)

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: powers of the size
# loses: dual_powers_number_exponents
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        x = abs(x)
        return Dual(x**n, n * x ** (n - 1) * self.deriv if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * self.deriv)

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value


# %% wrong: a power that never falls
# loses: dual_powers_number_exponents, dual_powers_dual_exponents
class Dual:
    def __init__(self, value, deriv=0.0):
        self.value, self.deriv = value, deriv

    def _both(self, other):
        return other if isinstance(other, Dual) else Dual(other)

    def __add__(self, other):
        other = self._both(other)
        return Dual(self.value + other.value, self.deriv + other.deriv)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.value, -self.deriv)

    def __sub__(self, other):
        other = self._both(other)
        return Dual(self.value - other.value, self.deriv - other.deriv)

    def __rsub__(self, other):
        return Dual(other - self.value, -self.deriv)

    def __mul__(self, other):
        other = self._both(other)
        return Dual(self.value * other.value, self.deriv * other.value + self.value * other.deriv)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._both(other)
        slope = (self.deriv * other.value - self.value * other.deriv) / other.value**2
        return Dual(self.value / other.value, slope)

    def __rtruediv__(self, other):
        return Dual(other / self.value, -other * self.deriv / self.value**2)

    def __pow__(self, other):
        x, n = self.value, other
        if isinstance(n, Dual):
            y = x**n.value
            return Dual(y, y * (n.deriv * np.log(x) + n.value * self.deriv / x))
        return Dual(x**n, n * x ** (n - 1) * abs(self.deriv) if n else 0.0)

    def __rpow__(self, other):
        y = other**self.value
        return Dual(y, y * np.log(other) * abs(self.deriv))

    def __abs__(self):
        return Dual(self.value, self.deriv) if self.value >= 0 else -self

    def __lt__(self, other):
        return self.value < self._both(other).value

    def __le__(self, other):
        return self.value <= self._both(other).value

    def __gt__(self, other):
        return self.value > self._both(other).value

    def __ge__(self, other):
        return self.value >= self._both(other).value

    def __eq__(self, other):
        return self.value == self._both(other).value
