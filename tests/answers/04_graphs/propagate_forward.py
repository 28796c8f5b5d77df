# %% right: ask the parents and remember
def propagate_forward(edges, values):
    parents = {}
    for parent, child, weight in edges:
        parents.setdefault(parent, [])
        parents.setdefault(child, []).append((parent, weight))
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, w in parents.get(node, []))
        return known[node]

    for node in [*parents, *values]:
        value(node)
    return known


# %% right: the standard library's topological order
def propagate_forward(edges, values):
    from collections import defaultdict
    from graphlib import TopologicalSorter

    incoming = defaultdict(list)
    for parent, child, weight in edges:
        incoming[parent]
        incoming[child].append((parent, weight))
    for node in values:
        incoming[node]
    order = TopologicalSorter({node: {p for p, _ in found} for node, found in incoming.items()})
    result = {}
    for node in order.static_order():
        result[node] = np.float64(values.get(node, 0))
        for parent, weight in incoming[node]:
            result[node] += result[parent] * weight
    return result


# %% right: round after round, whatever is ready
def propagate_forward(edges, values):
    result, left = dict(values), list(edges)
    for parent, child, _ in edges:
        result.setdefault(parent, 0)
        result.setdefault(child, 0)
    while left:
        waiting = {child for _, child, _ in left}
        later = []
        for edge in left:
            parent, child, weight = edge
            if parent in waiting:
                later.append(edge)
            else:
                result[child] = result[child] + weight * result[parent]
        left = later
    return result


# %% right: depth-first postorder, turned round, with jax numbers at the end
def propagate_forward(edges, values):
    children, done, order = {}, set(), []
    for parent, child, weight in edges:
        children.setdefault(parent, []).append((child, weight))

    def visit(node):
        if node not in done:
            done.add(node)
            for child, _ in children.get(node, ()):
                visit(child)
            order.append(node)

    for node in [*(p for p, _, _ in edges), *(c for _, c, _ in edges), *values]:
        visit(node)
    result = dict.fromkeys(order, 0.0)
    for node in reversed(order):
        result[node] += values.get(node, 0.0)
        for child, weight in children.get(node, ()):
            result[child] += weight * result[node]
    return {node: jnp.asarray(value) for node, value in result.items()}


# %% right: in single precision
def propagate_forward(edges, values):
    nodes = dict.fromkeys([n for p, c, _ in edges for n in (p, c)] + list(values))
    left = {n: sum(c == n for _, c, _ in edges) for n in nodes}
    result = {n: np.float32(values.get(n, 0)) for n in nodes}
    queue = [n for n in nodes if not left[n]]
    for node in queue:
        for parent, child, weight in edges:
            if parent == node:
                result[child] += np.float32(weight) * result[node]
                left[child] -= 1
                if not left[child]:
                    queue.append(child)
    return result


# %% wrong: order of the list trusted
# loses: propagate_forward_random_graphs, propagate_forward_ladder
def propagate_forward(edges, values):
    result = dict(values)
    for parent, child, weight in edges:
        result.setdefault(parent, 0.0)
        result[child] = result.get(child, 0.0) + weight * result[parent]
    return result


# %% wrong: names sorted for an order
# loses: propagate_forward_random_graphs, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    nodes = sorted({n for p, c, _ in edges for n in (p, c)} | set(values))
    result = {}
    for node in nodes:
        result[node] = values.get(node, 0.0)
        for parent, child, weight in edges:
            if child == node:
                result[node] += weight * result.get(parent, 0.0)
    return result


# %% wrong: recursion without memory
# loses: propagate_forward_ladder
def propagate_forward(edges, values):
    def value(node):
        return values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: increments pushed along every path
# loses: propagate_forward_ladder
def propagate_forward(edges, values):
    result = {n: values.get(n, 0.0) for p, c, _ in edges for n in (p, c)} | dict(values)
    queue = list(values.items())
    while queue:
        node, amount = queue.pop()
        for parent, child, weight in edges:
            if parent == node:
                result[child] += weight * amount
                queue.append((child, weight * amount))
    return result


# %% wrong: sweeps over all edges until nothing changes
# loses: propagate_forward_ladder
def propagate_forward(edges, values):
    nodes = {n for p, c, _ in edges for n in (p, c)} | set(values)
    old, new = None, {n: values.get(n, 0.0) for n in nodes}
    while new != old:
        old = new
        new = {n: values.get(n, 0.0) for n in nodes}
        for parent, child, weight in edges:
            new[child] += weight * old[parent]
    return new


# %% wrong: own contribution of nodes with parents forgotten
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            incoming = [(p, w) for p, c, w in edges if c == node]
            known[node] = sum(w * value(p) for p, w in incoming) if incoming else values.get(node, 0.0)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: last parent overwrites the others
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            total = values.get(node, 0.0)
            for parent, child, weight in edges:
                if child == node:
                    total = values.get(node, 0.0) + weight * value(parent)
            known[node] = total
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: edges in a dict, parallel ones lost
# loses: propagate_forward_parallel_and_skip_edges
def propagate_forward(edges, values):
    weights = {(p, c): w for p, c, w in edges}
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0)
            known[node] += sum(w * value(p) for (p, c), w in weights.items() if c == node)
        return known[node]

    return {node: value(node) for node in {n for edge in weights for n in edge} | set(values)}


# %% wrong: the very same edge counted once
# loses: propagate_forward_parallel_and_skip_edges
def propagate_forward(edges, values):
    known, edges = {}, set(edges)

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: a child done as soon as its first parent is
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges
def propagate_forward(edges, values):
    nodes = dict.fromkeys([n for p, c, _ in edges for n in (p, c)] + list(values))
    has_parent = {c for _, c, _ in edges}
    result = {n: values.get(n, 0.0) for n in nodes}
    queue, seen = [n for n in nodes if n not in has_parent], set()
    while queue:
        node = queue.pop(0)
        if node in seen:
            continue
        seen.add(node)
        for parent, child, weight in edges:
            if parent == node:
                result[child] += weight * result[node]
                queue.append(child)
    return result


# %% wrong: from children to parents
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(c) for p, c, w in edges if p == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: weights left out
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: a value for every node taken for granted
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values[node] + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for p, c, _ in edges for node in (p, c)}


# %% wrong: nodes without edges left out
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)}}


# %% wrong: silent nodes left out
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    everything = {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}
    return {node: v for node, v in everything.items() if v}


# %% wrong: values changed in place
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    left = list(edges)
    for parent, child, _ in edges:
        values.setdefault(parent, 0.0)
        values.setdefault(child, 0.0)
    while left:
        waiting = {child for _, child, _ in left}
        for parent, child, weight in left:
            if parent not in waiting:
                values[child] += weight * values[parent]
        left = [edge for edge in left if edge[0] in waiting]
    return values


# %% wrong: edges used up
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    result = {n: values.get(n, 0.0) for p, c, _ in edges for n in (p, c)} | dict(values)
    while edges:
        parent, child, weight = edge = edges.pop(0)
        if any(c == parent for _, c, _ in edges):
            edges.append(edge)
        else:
            result[child] += weight * result[parent]
    return result


# %% wrong: what was known in an earlier call kept
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values, known={}):
    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: integer values
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = int(values.get(node, 0) + sum(w * value(p) for p, c, w in edges if c == node))
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: only the outputs
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {c: value(c) for _, c, _ in edges if c not in {p for p, _, _ in edges}}


# %% right: a cache of the standard library, exact sums
def propagate_forward(edges, values):
    from functools import cache
    from math import fsum

    @cache
    def value(node):
        return fsum([values.get(node, 0.0)] + [w * value(p) for p, c, w in edges if c == node])

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: only a value other than 0 remembered
# loses: propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if known.get(node):
            return known[node]
        known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: begun only at nodes with a contribution
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    result = {n: 0.0 for p, c, _ in edges for n in (p, c)} | dict(values)
    left = {n: sum(c == n for _, c, _ in edges) for n in result}
    ready = [n for n in values if not left[n]]
    for node in ready:
        for parent, child, weight in edges:
            if parent == node:
                result[child] += weight * result[node]
                left[child] -= 1
                if not left[child]:
                    ready.append(child)
    return result


# %% wrong: edges of weight 0 left out
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    edges, known = [edge for edge in edges if edge[2]], {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: equal contributions counted once
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum({w * value(p) for p, c, w in edges if c == node})
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: three sweeps, enough for the examples
# loses: propagate_forward_random_graphs, propagate_forward_parallel_and_skip_edges, propagate_forward_ladder
def propagate_forward(edges, values):
    nodes = {n for p, c, _ in edges for n in (p, c)} | set(values)
    result = {n: values.get(n, 0.0) for n in nodes}
    for _ in range(3):
        new = {n: values.get(n, 0.0) for n in nodes}
        for parent, child, weight in edges:
            new[child] += weight * result[parent]
        result = new
    return result


# %% wrong: the name None taken for no node
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    known = {None: 0.0}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: no edges, no nodes
# loses: propagate_forward_names_and_missing_values
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            known[node] = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
        return known[node]

    if not edges:
        return {}
    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}


# %% wrong: negative values cut off
# loses: propagate_forward_random_graphs, propagate_forward_names_and_missing_values, propagate_forward_ladder
def propagate_forward(edges, values):
    known = {}

    def value(node):
        if node not in known:
            total = values.get(node, 0.0) + sum(w * value(p) for p, c, w in edges if c == node)
            known[node] = max(total, 0.0)
        return known[node]

    return {node: value(node) for node in {n for p, c, _ in edges for n in (p, c)} | set(values)}
