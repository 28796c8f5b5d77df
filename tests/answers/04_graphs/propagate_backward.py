# %% right: ask the children and remember
def propagate_backward(edges, values):
    children = {node: [] for node in values}
    for parent, child, weight in edges:
        children.setdefault(parent, []).append((child, weight))
        children.setdefault(child, [])
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(c) for c, w in children[node])
        return known[node]

    return {node: value(node) for node in children}


# %% right: the order of the forward sweep, run through from its end
def propagate_backward(edges, values):
    order = list(dict.fromkeys([n for p, c, _ in edges for n in (p, c)] + list(values)))
    rank, changed = dict.fromkeys(order, 0), True
    while changed:
        changed = False
        for parent, child, _ in edges:
            if rank[child] <= rank[parent]:
                rank[child], changed = rank[parent] + 1, True
    result = {node: np.float64(values.get(node, 0.0)) for node in order}
    for parent, child, weight in sorted(edges, key=lambda edge: -rank[edge[1]]):
        result[parent] += result[child] * weight
    return result


# %% right: the standard library's topological order
def propagate_backward(edges, values):
    from collections import defaultdict
    from graphlib import TopologicalSorter

    order, outgoing = TopologicalSorter(), defaultdict(list)
    for node in values:
        order.add(node)
    for parent, child, weight in edges:
        order.add(parent, child)
        outgoing[parent].append((child, weight))
    result = {}
    for node in order.static_order():
        result[node] = values.get(node, 0) + sum(result[c] * w for c, w in outgoing[node])
    return result


# %% right: parallel edges merged first, in single precision
def propagate_backward(edges, values):
    merged = {}
    for parent, child, weight in edges:
        merged[parent, child] = merged.get((parent, child), 0.0) + weight
    return {
        node: np.float32(value)
        for node, value in propagate_forward([(c, p, w) for (p, c), w in merged.items()], values).items()
    }


# %% right: whoever has no child left is done, jax numbers
def propagate_backward(edges, values):
    result = {n: jnp.asarray(0.0) for p, c, _ in edges for n in (p, c)}
    result.update({node: jnp.asarray(value) for node, value in values.items()})
    left = list(edges)
    while left:
        unfinished = {parent for parent, _, _ in left}
        for parent, child, weight in left:
            if child not in unfinished:
                result[parent] = result[parent] + weight * result[child]
        left = [edge for edge in left if edge[1] in unfinished]
    return result


# %% wrong: forward once more
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    return propagate_forward(edges, values)


# %% wrong: the list of edges turned round, but not the edges
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    return propagate_forward(edges[::-1], values)


# %% wrong: weights inverted with the arrows
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    return propagate_forward([(child, parent, 1 / weight) for parent, child, weight in edges], values)


# %% wrong: the list read from its end, in the order it happens to have
# loses: propagate_backward_random_graphs, propagate_backward_ladder
def propagate_backward(edges, values):
    result = dict(values)
    for parent, child, weight in reversed(edges):
        result.setdefault(child, 0.0)
        result[parent] = result.get(parent, 0.0) + weight * result[child]
    return result


# %% wrong: recursion without memory
# loses: propagate_backward_ladder
def propagate_backward(edges, values):
    def value(node):
        return values.get(node, 0.0) + sum(w * value(c) for p, c, w in edges if p == node)

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: increments pushed along every path
# loses: propagate_backward_ladder
def propagate_backward(edges, values):
    result = {n: 0.0 for p, c, _ in edges for n in (p, c)}

    def push(node, amount):
        result[node] = result.get(node, 0.0) + amount
        for parent, child, weight in edges:
            if child == node:
                push(parent, weight * amount)

    for node, amount in values.items():
        push(node, amount)
    return result


# %% wrong: as many sweeps over all edges as there are nodes
# loses: propagate_backward_ladder
def propagate_backward(edges, values):
    nodes = {n for p, c, _ in edges for n in (p, c)} | set(values)
    result = {n: values.get(n, 0.0) for n in nodes}
    for _ in nodes:
        new = {n: values.get(n, 0.0) for n in nodes}
        for parent, child, weight in edges:
            new[parent] += weight * result[child]
        result = new
    return result


# %% wrong: own contribution only at the outputs
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    parents = {parent for parent, _, _ in edges}
    seeds = {node: value for node, value in values.items() if node not in parents}
    return propagate_forward([(c, p, w) for p, c, w in edges], seeds)


# %% wrong: only one output seeded
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    node, value = next(iter(values.items()))
    return propagate_forward([(c, p, w) for p, c, w in edges], {node: value})


# %% wrong: last child overwrites the others
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    last = {}
    for parent, child, weight in edges:
        last[parent] = (child, parent, weight)
    result = propagate_forward(list(last.values()), values)
    return {n: 0.0 for p, c, _ in edges for n in (p, c)} | result


# %% wrong: edges in a dict, parallel ones lost
# loses: propagate_backward_parallel_and_skip_edges
def propagate_backward(edges, values):
    turned = {(child, parent): weight for parent, child, weight in edges}
    return propagate_forward([(c, p, w) for (c, p), w in turned.items()], values)


# %% wrong: a parent done as soon as its first child is
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges
def propagate_backward(edges, values):
    nodes = dict.fromkeys([n for p, c, _ in edges for n in (p, c)] + list(values))
    has_child = {p for p, _, _ in edges}
    result = {n: values.get(n, 0.0) for n in nodes}
    queue, seen = [n for n in nodes if n not in has_child], set()
    while queue:
        node = queue.pop(0)
        if node in seen:
            continue
        seen.add(node)
        for parent, child, weight in edges:
            if child == node:
                result[parent] += weight * result[node]
                queue.append(parent)
    return result


# %% wrong: edges turned round in place
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    for k, (parent, child, weight) in enumerate(edges):
        edges[k] = (child, parent, weight)
    return propagate_forward(edges, values)


# %% wrong: contributions added to the caller's values
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    values.update(propagate_forward([(c, p, w) for p, c, w in edges], values))
    return values


# %% wrong: a list of values instead of a dict
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    return list(propagate_forward([(c, p, w) for p, c, w in edges], values).values())


# %% wrong: only the inputs
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    result = propagate_forward([(c, p, w) for p, c, w in edges], values)
    return {node: value for node, value in result.items() if node not in {c for _, c, _ in edges}}


# %% wrong: names taken for strings
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    turned = [(str(child), str(parent), weight) for parent, child, weight in edges]
    return propagate_forward(turned, {str(node): value for node, value in values.items()})


# %% wrong: node without a name taken for no node
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    turned = [(child, parent, weight) for parent, child, weight in edges if parent and child]
    return propagate_forward(turned, values)


# %% right: a cache of the standard library, exact sums
def propagate_backward(edges, values):
    from functools import cache
    from math import fsum

    @cache
    def value(node):
        return fsum([values.get(node, 0.0)] + [w * value(c) for p, c, w in edges if p == node])

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: only a value other than 0 remembered
# loses: propagate_backward_ladder
def propagate_backward(edges, values):
    known = {}

    def value(node):
        if known.get(node):
            return known[node]
        known[node] = values.get(node, 0.0) + sum(w * value(c) for p, c, w in edges if p == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: begun only at nodes with a contribution
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    result = {n: 0.0 for p, c, _ in edges for n in (p, c)} | dict(values)
    left = {n: sum(p == n for p, _, _ in edges) for n in result}
    ready = [n for n in values if not left[n]]
    for node in ready:
        for parent, child, weight in edges:
            if child == node:
                result[parent] += weight * result[node]
                left[parent] -= 1
                if not left[parent]:
                    ready.append(parent)
    return result


# %% wrong: edges of weight 0 left out
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    return propagate_forward([(c, p, w) for p, c, w in edges if w != 0], values)


# %% wrong: equal contributions counted once
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_ladder
def propagate_backward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum({w * value(c) for p, c, w in edges if p == node})
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: the very same edge counted once
# loses: propagate_backward_parallel_and_skip_edges
def propagate_backward(edges, values):
    return propagate_forward([(c, p, w) for p, c, w in set(edges)], values)


# %% wrong: names sorted for an order
# loses: propagate_backward_random_graphs, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    result = {}
    for node in sorted({n for p, c, _ in edges for n in (p, c)} | set(values), reverse=True):
        result[node] = values.get(node, 0.0)
        for parent, child, weight in edges:
            if parent == node:
                result[node] += weight * result.get(child, 0.0)
    return result


# %% wrong: integer values
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values):
    result = propagate_forward([(c, p, w) for p, c, w in edges], values)
    return {node: int(value) for node, value in result.items()}


# %% wrong: the name None taken for no node
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    return propagate_forward([(c, p, w) for p, c, w in edges if p is not None], values)


# %% wrong: no edges, no nodes
# loses: propagate_backward_names_and_missing_values
def propagate_backward(edges, values):
    return propagate_forward([(c, p, w) for p, c, w in edges], values) if edges else {}


# %% wrong: what was known in an earlier call kept
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_backward(edges, values, known={}):
    for node, value in propagate_forward([(c, p, w) for p, c, w in edges], values).items():
        known.setdefault(node, value)
    return {node: known[node] for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: built on a forward sweep that trusts the order of the list
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_names_and_missing_values, propagate_backward_ladder
def propagate_forward(edges, values):
    result = {n: 0.0 for p, c, _ in edges for n in (p, c)} | dict(values)
    for parent, child, weight in edges:
        result[child] += weight * result[parent]
    return result


def propagate_backward(edges, values):
    return propagate_forward([(c, p, w) for p, c, w in edges], values)


# %% wrong: three sweeps, enough for the examples
# loses: propagate_backward_random_graphs, propagate_backward_parallel_and_skip_edges, propagate_backward_ladder
def propagate_backward(edges, values):
    nodes = {n for p, c, _ in edges for n in (p, c)} | set(values)
    result = {n: values.get(n, 0.0) for n in nodes}
    for _ in range(3):
        new = {n: values.get(n, 0.0) for n in nodes}
        for parent, child, weight in edges:
            new[parent] += weight * result[child]
        result = new
    return result
