# %% right: by the rules of this chapter
def chain_vjp(x, z_bar):
    states = [x[0]]
    for i in range(1, len(x)):
        states.append(states[-1] * x[i] + x[0])
    x_bar = [0.0 for _ in range(len(x))]
    d = z_bar
    for i in range(len(x) - 1, 0, -1):
        product_bar, x_bar[0] = sum_vjp(states[i - 1], x[0], 0.0, x_bar[0], d)
        d, x_bar[i] = mul_vjp(states[i - 1], x[i], 0.0, x_bar[i], product_bar)
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar

# %% right: buffers of floats
def chain_vjp(x, z_bar):
    n = len(x)
    z, x_bar = np.zeros(n), np.zeros(n)
    z[0] = x[0]
    for i in range(1, n):
        z[i] = z[i - 1] * x[i] + x[0]
    bar = z_bar
    for i in range(n - 1, 0, -1):
        x_bar[0] += bar
        x_bar[i] = bar * z[i - 1]
        bar = bar * x[i]
    x_bar[0] += bar
    return z[-1], x_bar

# %% right: suffix products in closed form
def chain_vjp(x, z_bar):
    n = len(x)
    before = [x[0]]
    for k in range(1, n):
        before.append(before[-1] * x[k] + x[0])
    after = [z_bar] * n  # z_bar times the factors after step i
    for i in range(n - 2, -1, -1):
        after[i] = after[i + 1] * x[i + 1]
    total = after[0]
    for a in after[1:]:
        total = total + a
    return before[-1], [total] + [after[i] * before[i - 1] for i in range(1, n)]

# %% right: the tape of this chapter's Var
def chain_vjp(x, z_bar):
    nodes = [Var(number) for number in x]
    z = nodes[0]
    for node in nodes[1:]:
        z = z * node + nodes[0]
    z.backward(z_bar)
    return z.value, [node.grad for node in nodes]

# %% right: vectorised backward sweep
def chain_vjp(x, z_bar):
    x = np.asarray(x)
    z = [x[0]]
    for factor in x[1:]:
        z.append(z[-1] * factor + x[0])
    after = np.cumprod(np.concatenate([[z_bar], x[:0:-1]]))[::-1]
    x_bar = after * np.concatenate([[1.0], z[:-1]])
    x_bar[0] = after.sum()
    return z[-1], x_bar

# %% right: frames on a tape, replayed
def chain_vjp(x, z_bar):
    tape, z = [], x[0]
    for i in range(1, len(x)):
        tape.append([("product", "z", x[i]), ("product", i, z), ("sum", "z", 1.0), ("sum", 0, 1.0)])
        z = z * x[i] + x[0]
    x_bar = [0.0] * len(x)
    for frame in reversed(tape):
        for operation, argument, slope in reversed(frame):
            share = slope * z_bar if operation == "product" else z_bar
            if argument != "z":
                x_bar[argument] = x_bar[argument] + share
            elif operation == "product":
                z_bar = share
    x_bar[0] = x_bar[0] + z_bar
    return z, x_bar

# %% wrong: forward mode, one pass for each input
# loses: chain_vjp_operations
def chain_vjp(x, z_bar):
    x_bar = []
    for k in range(len(x)):
        z, dot = x[0], 1.0 if k == 0 else 0.0
        for i in range(1, len(x)):
            own = 1.0 if k == i else 0.0
            dot = dot * x[i] + z * own + (1.0 if k == 0 else 0.0)
            z = z * x[i] + x[0]
        x_bar.append(dot * z_bar)
    return z, x_bar

# %% wrong: central differences
# loses: chain_vjp_operations
def chain_vjp(x, z_bar):
    def value(numbers):
        z = numbers[0]
        for factor in numbers[1:]:
            z = z * factor + numbers[0]
        return z

    numbers, step, x_bar = list(x), 1e-5, []
    for k in range(len(numbers)):
        up, down = list(numbers), list(numbers)
        up[k], down[k] = up[k] + step, down[k] - step
        x_bar.append(z_bar * (value(up) - value(down)) / (2 * step))
    return value(numbers), x_bar

# %% wrong: start of the chain forgotten
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    return states[-1], x_bar

# %% wrong: only the start of the chain for x[0]
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = d
    return states[-1], x_bar

# %% wrong: the state after the step
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar

# %% wrong: divides by the factors
# loses: chain_vjp_gradient
def chain_vjp(x, z_bar):
    states, product = [x[0]], z_bar
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
        product = product * factor
    x_bar, after = [product], product
    for i in range(1, len(x)):
        after = after / x[i]
        x_bar.append(after * states[i - 1])
        x_bar[0] = x_bar[0] + after
    return states[-1], x_bar

# %% wrong: accumulator of x[0] overwritten
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        d, x_bar[0] = sum_vjp(None, x[0], 0.0, 0.0, d)
        d, x_bar[i] = mul_vjp(states[i - 1], x[i], 0.0, 0.0, d)
    return states[-1], x_bar

# %% wrong: cotangent left out
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), 1.0
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar

# %% wrong: product of the later factors anew for each input
# loses: chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar = [0.0] * len(x)
    for i in range(len(x)):
        after = z_bar
        for factor in x[i + 1 :]:
            after = after * factor
        x_bar[0] = x_bar[0] + after
        if i:
            x_bar[i] = after * states[i - 1]
    return states[-1], x_bar

# %% wrong: states computed anew at each step back
# loses: chain_vjp_operations
def chain_vjp(x, z_bar):
    def state(i):
        z = x[0]
        for factor in x[1 : i + 1]:
            z = z * factor + x[0]
        return z

    n = len(x)
    x_bar, d = [0.0] * n, z_bar
    for i in range(n - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * state(i - 1)
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return state(n - 1), x_bar

# %% wrong: an array of floats, which cannot be counted
# loses: chain_vjp_operations
def chain_vjp(x, z_bar):
    x, z_bar = np.asarray(x, dtype=float), float(z_bar)
    n = len(x)
    z = [x[0]]
    for factor in x[1:]:
        z.append(z[-1] * factor + x[0])
    x_bar = np.zeros(n)
    for i in range(n - 1, 0, -1):
        x_bar[0] += z_bar
        x_bar[i] = z_bar * z[i - 1]
        z_bar = z_bar * x[i]
    x_bar[0] += z_bar
    return z[-1], x_bar

# %% wrong: one step too few
# loses: chain_vjp_value, chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for i in range(1, len(x) - 1):
        states.append(states[-1] * x[i] + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 2, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar

# %% wrong: gradient written into x
# loses: chain_vjp_gradient
def chain_vjp(x, z_bar):
    states, factors = [x[0]], [number for number in x]
    for factor in factors[1:]:
        states.append(states[-1] * factor + factors[0])
    x[0] = 0.0
    for i in range(len(factors) - 1, 0, -1):
        x[0] = x[0] + z_bar
        x[i] = z_bar * states[i - 1]
        z_bar = z_bar * factors[i]
    x[0] = x[0] + z_bar
    return states[-1], x

# %% wrong: value scaled by the cotangent
# loses: chain_vjp_value
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return states[-1] * z_bar, x_bar

# %% wrong: value by dividing factors out of their product
# loses: chain_vjp_value
def chain_vjp(x, z_bar):
    states, products = [x[0]], [1.0]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
        products.append(products[-1] * factor)
    value = x[0]
    for product in products[:-1]:
        value = value + x[0] * products[-1] / product
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return value, x_bar

# %% wrong: right for the visible example only, at most two steps
# loses: chain_vjp_value, chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:3]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(states) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar

# %% wrong: gradient without the value
# loses: chain_vjp_value, chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return x_bar

# %% wrong: sign of the cotangent lost
# loses: chain_vjp_gradient
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar if float(z_bar) > 0 else -z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar

# %% wrong: a number for a single input
# loses: chain_vjp_gradient
def chain_vjp(x, z_bar):
    if len(x) == 1:
        return x[0], z_bar
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * x[i]
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar

# %% wrong: signs of the factors lost on the way back
# loses: chain_vjp_gradient
def chain_vjp(x, z_bar):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    x_bar, d = [0.0] * len(x), z_bar
    for i in range(len(x) - 1, 0, -1):
        x_bar[0] = x_bar[0] + d
        x_bar[i] = d * states[i - 1]
        d = d * (x[i] if float(x[i]) > 0 else -x[i])
    x_bar[0] = x_bar[0] + d
    return states[-1], x_bar
