"""Lists: built, changed, sliced, comprehended."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])


@program(V)
def append_in_a_loop(x):
    squares = []
    for v in x:
        squares.append(v**2)
    return sum(squares)


@program(0.7)
def history_of_states(x):
    history = [x]
    for i in range(3):
        history.append(np.sin(history[-1]) + x)
    return history[1] * history[-1]


@program(0.7)
def list_literal_and_index(x):
    values = [x, x**2, 3.0]
    return values[0] * values[1] + values[-1] * x


@program(V, tape=False)
def stack_a_list(x):
    rows = []
    for i in range(3):
        rows.append(x * (i + 1))
    A = np.array(rows)
    return np.sum(A @ x)


@program(V)
def np_stack_of_a_list(x):
    rows = [np.sin(x * k) for k in range(1, 4)]
    return np.linalg.norm(np.stack(rows, axis=1))


@program(V, tape=False)
def array_of_expressions(x):
    point = np.array([x[0] * x[1], np.sin(x[2]), 1.0])
    return np.sum(point**2)


@program(0.6, tape=False)
def rotation_matrix(angle):
    c, s = np.cos(angle), np.sin(angle)
    R = np.array([[c, -s], [s, c]])
    p = R @ np.array([1.0, 2.0])
    return p[0] * p[1]


@program(V)
def extend_and_concatenate(x):
    values = [x[0]]
    values.extend([x[1], x[2] * 2])
    values += [x[0] * x[1]]
    values = values + [1.0]
    total = 0.0
    for k, v in enumerate(values):
        total += v * (k + 1)
    return total


@program(V)
def extend_by_an_array(x):
    values = []
    values.extend(x)
    values.extend(x[:2] ** 2)
    return sum(values) * values[0]


@program(V)
def insert_and_pop(x):
    values = [x[0], x[1]]
    values.insert(0, x[2] ** 2)
    first = values.pop(0)
    last = values.pop()
    return first * last + values[0]


@program(V)
def set_items(x):
    values = [0.0, 0.0, 0.0]
    for i in range(3):
        values[i] = x[i] ** 2
    values[1] += x[0]
    values[-1] *= 2
    return values[0] + values[1] * values[2]


@program(V)
def preallocated_list(x):
    table = [None] * 3
    table[0] = x[0]
    for i in range(1, 3):
        table[i] = table[i - 1] * x[i]
    return table[-1] + table[1]


@program(V)
def repeated_list(x):
    values = [x[0]] * 3
    values[1] = x[1]
    return values[0] * values[1] + values[2]


@program(V)
def list_of_lists(x):
    grid = [[0.0 for _ in range(3)] for _ in range(2)]
    for i in range(2):
        for j in range(3):
            grid[i][j] = x[j] * (i + 1) ** 2
    grid[0][1] += x[0] * x[2]
    return grid[0][1] * grid[1][2] + grid[1][0]


@program(V)
def slices_of_lists(x):
    values = [v**2 for v in x]
    head, tail = values[0], values[1:]
    back = values[::-1]
    return head * sum(tail) + back[0] * values[-2]


@program(V)
def list_of_an_array(x):
    values = list(x)
    values.reverse()
    values[0] = values[0] ** 2
    return values[0] + values[1] * values[2]


@program(V)
def sort_a_list(x):
    values = [v * v for v in x]
    values.sort()
    return values[0] + 2 * values[1] + 3 * values[2]


@program(V)
def sorted_with_key(x):
    pairs = [(v, i) for i, v in enumerate(x)]
    pairs = sorted(pairs, key=lambda pair: -pair[0])
    return pairs[0][0] ** 2 + pairs[1][0] * pairs[0][1]


@program(V)
def shared_list(x):
    a = [x[0], x[1]]
    b = a
    b.append(x[2])
    b[0] = x[2] * 2
    return a[0] * a[2] + len(a)


@program(V)
def copied_list(x):
    a = [x[0], x[1]]
    b = a[:]
    c = a.copy()
    b[0] = x[2]
    c.append(x[2] * 3)
    return a[0] * b[0] + c[2] + len(a)


def add_terms(terms, x):
    terms.append(x**2)
    terms.append(np.sin(x))


@program(0.8)
def helper_that_appends(x):
    terms = []
    add_terms(terms, x)
    add_terms(terms, x * 2)
    return sum(terms)


@program(V)
def deleting_an_item(x):
    values = [x[0], x[1], x[2]]
    del values[1]
    return values[0] * values[1]


@program(V)
def clearing_a_list(x):
    values = [x[0]]
    values.clear()
    values.append(x[1] ** 2)
    values.remove(values[0]) if len(values) > 1 else None
    return values[0]


@program(V)
def index_and_count(x):
    names = ["a", "b", "a"]
    return x[names.index("b")] ** 2 + names.count("a") * x[0]


@program(V)
def comprehension(x):
    return sum([v**2 + 1 for v in x])


@program(V, tape=False)
def comprehension_with_filter(x):
    return np.sum([np.exp(v) for v in x if v > 0])


@program(V)
def comprehension_with_index(x):
    return sum([x[i] * x[i + 1] for i in range(len(x) - 1)])


@program(M)
def nested_comprehension(A):
    flat = [v * 2 for row in A for v in row if v > 0]
    table = [[v**2 for v in row] for row in A]
    return sum(flat) + table[1][0] * table[0][2]


@program(V)
def comprehension_with_condition(x):
    return sum([v if v > 0 else -2 * v for v in x])


@program(V)
def comprehension_over_zip(x):
    weights = [0.5, 1.5, 2.5]
    return sum([w * v**2 for w, v in zip(weights, x)])


@program(V)
def generator_in_sum(x):
    return sum(v**3 for v in x) + max(v * 2 for v in x)


@program(V)
def any_and_all_generators(x):
    if any(v < 0 for v in x) and all(v < 10 for v in x):
        return np.sum(x**2)
    return np.sum(x)


@program(V)
def comprehension_variable_does_not_leak(x):
    v = x[0]
    others = [v * 2 for v in x]
    return v * others[2]


@program(V)
def comprehension_closes_over(x):
    scale = x[1]
    return sum([scale * v for v in x]) + sum([(lambda u: u * scale)(v) for v in x])


@program(V)
def walrus_in_comprehension(x):
    kept = [y for v in x if (y := v * 2) > 0]
    return sum(kept) * y


@program(V, tape=False)
def array_from_comprehension(x):
    features = np.array([x[0] ** k for k in range(4)])
    return features @ np.array([1.0, -1.0, 0.5, 0.25])


@program(M, tape=False)
def matrix_from_nested_comprehension(A):
    G = np.array([[np.sum(a * b) for a in A] for b in A])
    return G[0, 1] ** 2 + np.trace(G)


@program(V)
def concatenate_built_list(x):
    pieces = []
    for k in range(3):
        pieces.append(x[k:] ** 2)
    joined = np.concatenate(pieces)
    return np.sum(joined * np.arange(6))


@program(V)
def list_in_a_branch(x):
    values = []
    for v in x:
        if v > 0:
            values.append(v)
        else:
            values.append(v**2)
            values.append(1.0)
    return sum(values) + values[-1] * len(values)


@program(V)
def empty_list(x):
    extra = []
    for e in extra:
        x = x * e
    return np.sum(x) + sum(extra)


@program(V)
def last_two_of_history(x):
    states = [x, x * 2]
    for _ in range(3):
        a, b = states[-2:]
        states.append(a + 0.1 * b**2)
    return np.sum(states[-1])


@program(V)
def set_slice_of_a_list(x):
    values = [0.0] * 5
    values[1:4] = [x[0], x[1], x[2]]
    values[:1] = [x[0] ** 2]
    return values[0] + values[3] * values[1]


@program(V)
def membership_by_length(x):
    todo = [x[0], x[1]]
    if todo and len(todo) == 2 and not []:
        return todo[0] * todo[1]
    return x[0]


@program(V)
def map_and_filter(x):
    doubled = list(map(lambda v: v * 2, x))
    positive = list(filter(lambda v: v > 0, doubled))
    return sum(positive) * doubled[1]


@program(V, tape=False)
def lists_in_the_place_of_arrays(x):
    """NumPy makes arrays of them; an angle's derivative negates one of the two."""
    angles = np.arctan2([x[0], 2.0, x[2]], (x[1], x[2] ** 2, 3.0))
    scaled = np.multiply([x[0], x[1]], x[2] ** 2)
    return np.dot([x[0], 1.5, x[1] * x[2]], angles) + np.prod(scaled) + np.linalg.norm([x[0], x[1], 3.0])


@program(V, tape=False)
def nested_lists_in_the_place_of_matrices(x):
    solved = np.linalg.solve([[x[0] + 3.0, 0.3], [0.2, x[2]]], [x[1], 1.0])
    return solved[0] * np.linalg.norm([[x[0], x[1]], [x[1] * x[2], 1.0]]) + np.sum([x, x**2, x * 2])


@program(V, tape=False)
def grown_list_in_the_place_of_an_array(x):
    squares = [v**2 for v in x]
    mean, top = np.mean(squares), np.max(squares)
    squares.append(mean * top)
    return np.std(squares) * squares[-1] + np.sum(squares[1:])
