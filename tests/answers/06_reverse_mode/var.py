# %% right: topological order by an explicit stack
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% right: one global tape, replayed from its end
TAPE = []


class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes, self.place = value, 0.0, slopes, len(TAPE)
        TAPE.append(self)

    def backward(self, seed=1.0):
        for node in TAPE:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(TAPE[: self.place + 1]):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% right: closures for the rules, users counted before they pay in
class Var:
    """The rules are closures, as in micrograd; a node goes when all its users have paid in."""

    def __init__(self, value, arguments=(), pull=lambda bar: ()):
        self.value, self.arguments, self.pull = value, arguments, pull
        self.grad = 0.0

    def backward(self, seed=1.0):
        users, seen, todo = {}, {self}, [self]
        while todo:
            for argument in todo.pop().arguments:
                users[argument] = users.get(argument, 0) + 1
                if argument not in seen:
                    seen.add(argument)
                    todo.append(argument)
        for node in seen:
            node.grad = 0.0
        self.grad, ready = seed, [self]
        while ready:
            node = ready.pop()
            for argument, share in zip(node.arguments, node.pull(node.grad)):
                argument.grad = argument.grad + share
                users[argument] -= 1
                if not users[argument]:
                    ready.append(argument)

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, (self, other), lambda bar: (bar, bar))

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, (self, other), lambda bar: (bar * other.value, bar * self.value))

    def power(self, exponent):
        slope = exponent * self.value ** (exponent - 1)
        return Var(self.value**exponent, (self,), lambda bar: (bar * slope,))

    __radd__, __rmul__ = __add__, __mul__
    __neg__ = lambda self: self * -1.0
    __sub__ = lambda self, other: self + -1.0 * lifted(other)
    __rsub__ = lambda self, other: lifted(other) + -self
    __truediv__ = lambda self, other: self * lifted(other).power(-1.0)
    __rtruediv__ = lambda self, other: other * self.power(-1.0)


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% right: a heap of nodes by number, cotangents in a dictionary first
import heapq
import itertools

NUMBERS = itertools.count()


class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = float(value), 0.0, slopes
        self.number = next(NUMBERS)

    def __lt__(self, other):
        return self.number > other.number  # the latest comes first off the heap

    def backward(self, seed=1.0):
        bar, heap = {self.number: seed}, [self]
        while heap:
            node = heapq.heappop(heap)
            node.grad = bar.pop(node.number)
            for argument, slope in node.slopes:
                if argument.number not in bar:
                    bar[argument.number] = 0.0
                    heapq.heappush(heap, argument)
                bar[argument.number] += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% right: values and cotangents as 0-d arrays
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = np.asarray(value, dtype=float), np.zeros(()), list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = np.zeros(())
        self.grad = np.asarray(seed, dtype=float)
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad = argument.grad + slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% right: slopes set after the constructor, a quotient by an inverse
class Var:
    made = 0

    def __init__(self, value):
        self.value, self.grad, self.slopes = value, 0.0, ()
        self.number = Var.made = Var.made + 1

    @staticmethod
    def of(value, *slopes):
        node = Var(value)
        node.slopes = slopes
        return node

    def backward(self, seed=1.0):
        tape, todo = {}, [self]
        while todo:
            node = todo.pop()
            if node.number not in tape:
                tape[node.number] = node
                todo += [argument for argument, _ in node.slopes]
        for node in tape.values():
            node.grad = 0.0
        self.grad = seed
        for number in sorted(tape, reverse=True):
            for argument, slope in tape[number].slopes:
                argument.grad = argument.grad + slope * tape[number].grad

    def __add__(self, other):
        if isinstance(other, Var):
            return Var.of(self.value + other.value, (self, 1.0), (other, 1.0))
        return Var.of(self.value + other, (self, 1.0))

    def __mul__(self, other):
        if isinstance(other, Var):
            return Var.of(self.value * other.value, (self, other.value), (other, self.value))
        return Var.of(self.value * other, (self, other))

    def inverse(self):
        return Var.of(1 / self.value, (self, -1 / self.value**2))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * (other.inverse() if isinstance(other, Var) else 1 / other)

    def __rtruediv__(self, other):
        return self.inverse() * other

    __radd__, __rmul__ = __add__, __mul__

# %% wrong: path by path, by recursion
# loses: var_again, var_long_chain, var_many_paths
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def backward(self, seed=1.0):
        self.grad += seed
        for argument, slope in self.slopes:
            argument.backward(slope * seed)

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: recursive order, as in micrograd, and nothing zeroed
# loses: var_again, var_long_chain
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):
        done, order = set(), []

        def visit(node):
            if node not in done:
                done.add(node)
                for argument, _ in node.slopes:
                    visit(argument)
                order.append(node)

        visit(self)
        return order

    def backward(self, seed=1.0):
        order = self.order()
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: recursive order, else right
# loses: var_long_chain
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):
        done, order = set(), []

        def visit(node):
            if node not in done:
                done.add(node)
                for argument, _ in node.slopes:
                    visit(argument)
                order.append(node)

        visit(self)
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: nodes in the order of the first visit
# loses: var_shared, var_many_paths
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def backward(self, seed=1.0):
        order = [self]
        for node in order:
            order += [a for a, _ in node.slopes if a not in order]
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in order:
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: cotangents overwritten
# loses: var_sum_and_product, var_difference_and_quotient, var_square, var_shared, var_seed, var_again, var_long_chain, var_many_paths
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad = slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: seed ignored
# loses: var_seed, var_again
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: seed multiplied into every edge
# loses: var_seed, var_again
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += seed * slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: nothing zeroed
# loses: var_again
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: only the leaves zeroed
# loses: var_again
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            if not node.slopes:
                node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: leaves gather over calls, as in PyTorch
# loses: var_again
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            if node.slopes:
                node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: zeroed after use, so that only leaves keep a grad
# loses: var_shared, var_seed, var_again
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad
            if node.slopes:
                node.grad = 0.0

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: reflected difference in the wrong order
# loses: var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return self - lifted(other)

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: reflected quotient in the wrong order
# loses: var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return self / lifted(other)

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: sign of the quotient rule
# loses: var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: no numbers on the left
# loses: var_sum_and_product
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self



def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: difference counts as a sum for the second operand
# loses: var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        other = lifted(other)
        return Var(self.value - other.value, [(self, 1.0), (other, 1.0)])

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: slopes in a dictionary, so that x * x keeps one of two
# loses: var_difference_and_quotient, var_square, var_shared, var_again, var_many_paths
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, dict(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes.items()]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes.items():
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: factors crossed
# loses: var_sum_and_product, var_difference_and_quotient, var_square, var_shared, var_seed, var_again, var_long_chain, var_many_paths
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, self.value), (other, other.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: augmented assignment changes the operand
# loses: var_sum_and_product
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __iadd__(self, other):
        other = lifted(other)
        self.value += other.value
        self.slopes.append((other, 1.0))
        return self


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: grad is the product along one path
# loses: var_sum_and_product, var_shared, var_square, var_seed, var_again, var_many_paths, var_long_chain, var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def backward(self, seed=1.0):
        node, bar = self, seed
        while True:
            node.grad = bar
            if not node.slopes:
                break
            node, slope = node.slopes[0]
            bar *= slope

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: values only
# loses: var_sum_and_product, var_difference_and_quotient, var_square, var_shared, var_seed, var_again, var_long_chain, var_many_paths
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def backward(self, seed=1.0):
        pass

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: slopes of a product by dividing it
# loses: var_sum_and_product
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        value = self.value * other.value
        return Var(value, [(self, value / self.value), (other, value / other.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: slopes of a quotient by dividing it
# loses: var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        value = self.value / other.value
        return Var(value, [(self, value / self.value), (other, -value / other.value)])

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: minus sign without its slope
# loses: var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, 1.0)])

    def __sub__(self, other):
        other = lifted(other)
        return Var(self.value - other.value, [(self, 1.0), (other, -1.0)])

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: quotient of whole numbers
# loses: var_difference_and_quotient
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value // other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: sign of the seed lost
# loses: var_seed, var_again
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = abs(seed)
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: depth first, at the first visit
# loses: var_shared, var_again, var_many_paths
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # from the result to its arguments, then turned
        done, order, stack = set(), [], [self]
        while stack:
            node = stack.pop()
            if id(node) not in done:
                done.add(id(node))
                order.append(node)
                stack += [argument for argument, _ in node.slopes]
        return order[::-1]

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: right for the visible example only, a leaf ignores the seed
# loses: var_seed
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed if self.slopes else 1.0
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    __radd__, __rmul__ = __add__, __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)

# %% wrong: number on the left of + left out
# loses: var_sum_and_product
class Var:
    def __init__(self, value, slopes=()):
        self.value, self.grad, self.slopes = value, 0.0, list(slopes)

    def order(self):  # arguments before results, by an explicit stack
        done, order, stack = set(), [], [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif id(node) not in done:
                done.add(id(node))
                stack.append((node, True))
                stack += [(argument, False) for argument, _ in node.slopes]
        return order

    def backward(self, seed=1.0):
        order = self.order()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(order):
            for argument, slope in node.slopes:
                argument.grad += slope * node.grad

    def __add__(self, other):
        other = lifted(other)
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        other = lifted(other)
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __neg__(self):
        return Var(-self.value, [(self, -1.0)])

    def __sub__(self, other):
        return self + (-lifted(other))

    def __rsub__(self, other):
        return lifted(other) - self

    def __truediv__(self, other):
        other = lifted(other)
        slopes = [(self, 1 / other.value), (other, -self.value / other.value**2)]
        return Var(self.value / other.value, slopes)

    def __rtruediv__(self, other):
        return lifted(other) / self

    def __radd__(self, other):
        return self if not isinstance(other, Var) else self + other

    __rmul__ = __mul__


def lifted(number):
    return number if isinstance(number, Var) else Var(number)
