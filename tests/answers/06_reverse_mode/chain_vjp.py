# %% right: by the rules of this chapter
def chain_vjp(x, dz):
    states = [x[0]]
    for i in range(1, len(x)):
        states.append(states[-1] * x[i] + x[0])
    dx = [0.0 for _ in range(len(x))]
    d = dz
    for i in range(len(x) - 1, 0, -1):
        dproduct, dx[0] = sum_vjp(states[i - 1], x[0], 0.0, dx[0], d)
        d, dx[i] = mul_vjp(states[i - 1], x[i], 0.0, dx[i], dproduct)
    dx[0] = dx[0] + d
    return states[-1], dx

# %% right: buffers of floats
def chain_vjp(x, dz):
    n = len(x)
    z, dx = np.zeros(n), np.zeros(n)
    z[0] = x[0]
    for i in range(1, n):
        z[i] = z[i - 1] * x[i] + x[0]
    bar = dz
    for i in range(n - 1, 0, -1):
        dx[0] += bar
        dx[i] = bar * z[i - 1]
        bar = bar * x[i]
    dx[0] += bar
    return z[-1], dx

# %% right: suffix products in closed form
def chain_vjp(x, dz):
    n = len(x)
    before = [x[0]]
    for k in range(1, n):
        before.append(before[-1] * x[k] + x[0])
    after = [dz] * n  # dz times the factors after step i
    for i in range(n - 2, -1, -1):
        after[i] = after[i + 1] * x[i + 1]
    total = after[0]
    for a in after[1:]:
        total = total + a
    return before[-1], [total] + [after[i] * before[i - 1] for i in range(1, n)]

# %% right: the tape of this chapter's Var
def chain_vjp(x, dz):
    nodes = [Var(number) for number in x]
    z = nodes[0]
    for node in nodes[1:]:
        z = z * node + nodes[0]
    z.backward(dz)
    return z.value, [node.grad for node in nodes]

# %% right: vectorised backward sweep
def chain_vjp(x, dz):
    x = np.asarray(x)
    z = [x[0]]
    for factor in x[1:]:
        z.append(z[-1] * factor + x[0])
    after = np.cumprod(np.concatenate([[dz], x[:0:-1]]))[::-1]
    dx = after * np.concatenate([[1.0], z[:-1]])
    dx[0] = after.sum()
    return z[-1], dx

# %% wrong: forward mode, one pass for each input
# loses: chain_vjp_operations
def chain_vjp(x, dz):
    dx = []
    for k in range(len(x)):
        z, dot = x[0], 1.0 if k == 0 else 0.0
        for i in range(1, len(x)):
            own = 1.0 if k == i else 0.0
            dot = dot * x[i] + z * own + (1.0 if k == 0 else 0.0)
            z = z * x[i] + x[0]
        dx.append(dot * dz)
    return z, dx

# %% wrong: central differences
# loses: chain_vjp_operations
def chain_vjp(x, dz):
    def value(numbers):
        z = numbers[0]
        for factor in numbers[1:]:
            z = z * factor + numbers[0]
        return z

    numbers, step, dx = list(x), 1e-5, []
    for k in range(len(numbers)):
        up, down = list(numbers), list(numbers)
        up[k], down[k] = up[k] + step, down[k] - step
        dx.append(dz * (value(up) - value(down)) / (2 * step))
    return value(numbers), dx

# %% wrong: start of the chain forgotten
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, dz):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    dx, d = [0.0] * len(x), dz
    for i in range(len(x) - 1, 0, -1):
        dx[0] = dx[0] + d
        dx[i] = d * states[i - 1]
        d = d * x[i]
    return states[-1], dx

# %% wrong: only the start of the chain for x[0]
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, dz):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    dx, d = [0.0] * len(x), dz
    for i in range(len(x) - 1, 0, -1):
        dx[i] = d * states[i - 1]
        d = d * x[i]
    dx[0] = d
    return states[-1], dx

# %% wrong: the state after the step
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, dz):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    dx, d = [0.0] * len(x), dz
    for i in range(len(x) - 1, 0, -1):
        dx[0] = dx[0] + d
        dx[i] = d * states[i]
        d = d * x[i]
    dx[0] = dx[0] + d
    return states[-1], dx

# %% wrong: divides by the factors
# loses: chain_vjp_gradient
def chain_vjp(x, dz):
    states, product = [x[0]], dz
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
        product = product * factor
    dx, after = [product], product
    for i in range(1, len(x)):
        after = after / x[i]
        dx.append(after * states[i - 1])
        dx[0] = dx[0] + after
    return states[-1], dx

# %% wrong: accumulator of x[0] overwritten
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, dz):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    dx, d = [0.0] * len(x), dz
    for i in range(len(x) - 1, 0, -1):
        d, dx[0] = sum_vjp(None, x[0], 0.0, 0.0, d)
        d, dx[i] = mul_vjp(states[i - 1], x[i], 0.0, 0.0, d)
    return states[-1], dx

# %% wrong: cotangent left out
# loses: chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, dz):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    dx, d = [0.0] * len(x), 1.0
    for i in range(len(x) - 1, 0, -1):
        dx[0] = dx[0] + d
        dx[i] = d * states[i - 1]
        d = d * x[i]
    dx[0] = dx[0] + d
    return states[-1], dx

# %% wrong: product of the later factors anew for each input
# loses: chain_vjp_operations
def chain_vjp(x, dz):
    states = [x[0]]
    for factor in x[1:]:
        states.append(states[-1] * factor + x[0])
    dx = [0.0] * len(x)
    for i in range(len(x)):
        after = dz
        for factor in x[i + 1 :]:
            after = after * factor
        dx[0] = dx[0] + after
        if i:
            dx[i] = after * states[i - 1]
    return states[-1], dx

# %% wrong: states computed anew at each step back
# loses: chain_vjp_operations
def chain_vjp(x, dz):
    def state(i):
        z = x[0]
        for factor in x[1 : i + 1]:
            z = z * factor + x[0]
        return z

    n = len(x)
    dx, d = [0.0] * n, dz
    for i in range(n - 1, 0, -1):
        dx[0] = dx[0] + d
        dx[i] = d * state(i - 1)
        d = d * x[i]
    dx[0] = dx[0] + d
    return state(n - 1), dx

# %% wrong: an array of floats, which cannot be counted
# loses: chain_vjp_operations
def chain_vjp(x, dz):
    x, dz = np.asarray(x, dtype=float), float(dz)
    n = len(x)
    z = [x[0]]
    for factor in x[1:]:
        z.append(z[-1] * factor + x[0])
    dx = np.zeros(n)
    for i in range(n - 1, 0, -1):
        dx[0] += dz
        dx[i] = dz * z[i - 1]
        dz = dz * x[i]
    dx[0] += dz
    return z[-1], dx

# %% wrong: one step too few
# loses: chain_vjp_value, chain_vjp_gradient, chain_vjp_operations
def chain_vjp(x, dz):
    states = [x[0]]
    for i in range(1, len(x) - 1):
        states.append(states[-1] * x[i] + x[0])
    dx, d = [0.0] * len(x), dz
    for i in range(len(x) - 2, 0, -1):
        dx[0] = dx[0] + d
        dx[i] = d * states[i - 1]
        d = d * x[i]
    dx[0] = dx[0] + d
    return states[-1], dx

# %% wrong: gradient written into x
# loses: chain_vjp_gradient
def chain_vjp(x, dz):
    states, factors = [x[0]], [number for number in x]
    for factor in factors[1:]:
        states.append(states[-1] * factor + factors[0])
    x[0] = 0.0
    for i in range(len(factors) - 1, 0, -1):
        x[0] = x[0] + dz
        x[i] = dz * states[i - 1]
        dz = dz * factors[i]
    x[0] = x[0] + dz
    return states[-1], x
