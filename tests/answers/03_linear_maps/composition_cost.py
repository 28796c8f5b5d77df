# %% right: multiplying out from the basis, a product at a time
def composition_cost(shapes, mode):
    cost = 0
    if mode == "backward":
        rows = shapes[0][0]
        for inner, columns in shapes[1:]:
            cost += rows * inner * columns  # (rows × inner) times (inner × columns)
    else:
        columns = shapes[-1][1]
        for rows, inner in reversed(shapes[:-1]):
            cost += rows * inner * columns
    return cost


# %% right: everything counted, then what is selected taken off
def composition_cost(shapes, mode):
    sizes = np.prod(np.array(shapes), axis=1)
    if mode == "forward":
        return shapes[-1][-1] * (sizes.sum() - sizes[-1])
    return shapes[0][0] * (sizes.sum() - sizes[0])


# %% right: backward as forward of the transposed chain, a float
def composition_cost(shapes, mode):
    if mode == "backward":
        turned = [(columns, rows) for rows, columns in shapes[::-1]]
        return composition_cost(turned, "forward")
    return float(sum(m * n for m, n in shapes[:-1])) * shapes[-1][1]


# %% right: recursion over the chain
def composition_cost(shapes, mode):
    if len(shapes) == 1:
        return 0
    if mode == "forward":
        return shapes[0][0] * shapes[0][1] * shapes[-1][1] + composition_cost(shapes[1:], mode)
    return shapes[-1][0] * shapes[-1][1] * shapes[0][0] + composition_cost(shapes[:-1], mode)


# %% wrong: the first map not free
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    vectors = shapes[-1][1] if mode == "forward" else shapes[0][0]
    return vectors * sum(m * n for m, n in shapes)


# %% wrong: modes exchanged
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    if mode == "backward":
        return shapes[-1][1] * sum(m * n for m, n in shapes[:-1])
    return shapes[0][0] * sum(m * n for m, n in shapes[1:])


# %% wrong: shapes read innermost first
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    if mode == "forward":
        return shapes[0][1] * sum(m * n for m, n in shapes[1:])
    return shapes[-1][0] * sum(m * n for m, n in shapes[:-1])


# %% wrong: a single sweep
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    paid = shapes[:-1] if mode == "forward" else shapes[1:]
    return sum(m * n for m, n in paid)


# %% wrong: matrices multiplied from the left whatever the mode
# loses: composition_cost_forward, composition_cost_chains
def composition_cost(shapes, mode):
    cost, rows = 0, shapes[0][0]
    for inner, columns in shapes[1:]:
        cost += rows * inner * columns
    return cost


# %% wrong: three maps taken for granted
# loses: composition_cost_chains
def composition_cost(shapes, mode):
    (a, b), (_, c), (_, d) = shapes
    return d * (b * c + a * b) if mode == "forward" else a * (b * c + c * d)


# %% wrong: the caller's list turned round in place
# loses: composition_cost_chains
def composition_cost(shapes, mode):
    if mode == "forward":
        shapes.reverse()
        return shapes[0][1] * sum(m * n for m, n in shapes[1:])
    return shapes[0][0] * sum(m * n for m, n in shapes[1:])


# %% wrong: the caller's list emptied
# loses: composition_cost_chains
def composition_cost(shapes, mode):
    first = shapes.pop() if mode == "forward" else shapes.pop(0)
    vectors = first[1] if mode == "forward" else first[0]
    return vectors * sum(m * n for m, n in shapes)


# %% wrong: additions counted as well
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    if mode == "forward":
        return shapes[-1][1] * sum(2 * m * n - m for m, n in shapes[:-1])
    return shapes[0][0] * sum(2 * m * n - n for m, n in shapes[1:])


# %% wrong: the outermost map free in both modes
# loses: composition_cost_forward, composition_cost_chains
def composition_cost(shapes, mode):
    vectors = shapes[-1][1] if mode == "forward" else shapes[0][0]
    return vectors * sum(m * n for m, n in shapes[1:])


# %% wrong: vectors counted at the other end
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    if mode == "forward":
        return shapes[0][0] * sum(m * n for m, n in shapes[:-1])
    return shapes[-1][1] * sum(m * n for m, n in shapes[1:])


# %% right: every basis vector sent through, its multiplications counted
def composition_cost(shapes, mode):
    chain = [tuple(shape) for shape in shapes]
    if mode == "forward":
        chain = [(columns, rows) for rows, columns in reversed(chain)]
    count = 0
    for _ in range(chain[0][0]):
        for entering, leaving in chain[1:]:
            count += entering * leaving
    return count


# %% wrong: the largest map free forward, the smallest backward
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    sizes = [m * n for m, n in shapes]
    if mode == "forward":
        return shapes[-1][1] * (sum(sizes) - max(sizes))
    return shapes[0][0] * (sum(sizes) - min(sizes))


# %% wrong: every map of the free one's shape left out
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    free = shapes[-1] if mode == "forward" else shapes[0]
    vectors = shapes[-1][1] if mode == "forward" else shapes[0][0]
    return vectors * sum(m * n for m, n in shapes if (m, n) != tuple(free))


# %% wrong: the dearer way called forward
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    forward = shapes[-1][1] * sum(m * n for m, n in shapes[:-1])
    backward = shapes[0][0] * sum(m * n for m, n in shapes[1:])
    return max(forward, backward) if mode == "forward" else min(forward, backward)


# %% wrong: the numbers of the example written down
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    return 1_020_000 if mode == "forward" else 50_000


# %% wrong: a dict of shapes, equal ones lost
# loses: composition_cost_forward, composition_cost_backward, composition_cost_chains
def composition_cost(shapes, mode):
    sizes = {(m, n): m * n for m, n in shapes}
    if mode == "forward":
        return shapes[-1][1] * (sum(sizes.values()) - sizes[tuple(shapes[-1])])
    return shapes[0][0] * (sum(sizes.values()) - sizes[tuple(shapes[0])])


# %% wrong: the middle of three maps, whatever the length
# loses: composition_cost_chains
def composition_cost(shapes, mode):
    if len(shapes) < 3:
        return 0
    paid = shapes[:2] if mode == "forward" else shapes[1:3]
    return (shapes[-1][1] if mode == "forward" else shapes[0][0]) * sum(m * n for m, n in paid)


# %% wrong: at most three maps paid for
# loses: composition_cost_chains
def composition_cost(shapes, mode):
    if mode == "forward":
        return shapes[-1][1] * sum(m * n for m, n in shapes[:-1][-2:])
    return shapes[0][0] * sum(m * n for m, n in shapes[1:][:2])


# %% wrong: a single map paid for backward
# loses: composition_cost_chains
def composition_cost(shapes, mode):
    if mode == "forward":
        return shapes[-1][1] * sum(m * n for m, n in shapes[:-1])
    return shapes[0][0] * sum(m * n for m, n in shapes[1:] or shapes)
