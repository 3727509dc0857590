"""Lists in lists and dicts, under several names: what changes under one is seen under all."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


@program(V)
def put_then_changed(x):
    row = [0.0, 0.0]
    rows = []
    for i in range(2):
        row[0] = x[i]
        rows.append(row)
    return rows[0][0] * rows[1][0]


@program(V)
def shared_thrice(x):
    row = [x[0], x[1]]
    grid = [row, row]
    for i in range(2):
        grid.append(row)
    row[1] = x[2]
    return grid[0][1] * grid[2][1] + grid[1][0]


@program(V)
def changed_after_put(x):
    rows = []
    for i in range(2):
        row = [x[i], 1.0]
        rows.append(row)
        row[1] = x[2]
    return rows[0][1] * rows[1][0]


@program(V)
def groups_read_by_name(x):
    a = []
    b = []
    g = [a, b]
    for v in x:
        g[1 if v > 0 else 0].append(v)
    return len(a) * x[0] + sum(b) * sum(g[1])


@program(V)
def set_to_array(x):
    xs = [x[0], x[1]]
    for i in range(2):
        xs[i] = xs[i] * np.ones(3)
    return np.sum(xs[0] * xs[1])


@program(V)
def item_of_dict_changed(x):
    d = {}
    for i in range(3):
        d[i] = [x[i]]
    e = d[0]
    e.append(x[1])
    return len(d[0]) * d[0][0]


@program(V)
def two_names_renewed(x):
    a = [x[0]]
    b = a
    for i in range(3):
        a = [x[i]]
        b = a
    a[0] = x[0] * 5.0
    return b[0]


@program(V)
def chosen_list(x):
    a = [x[0]]
    b = [x[1]]
    c = a if x[0] > 0 else b
    c[0] = x[2]
    return a[0] * b[0]


@program(V)
def chosen_list_appended(x):
    a = [x[0]]
    b = [x[1], x[1]]
    c = a if x[0] > 0 else b
    c.append(x[2])
    return sum(a) * sum(b)


@program(V)
def two_names_in_branch(x):
    if x[0] > 0:
        u = [x[0]]
        v = u
    else:
        u = [x[1]]
        v = u
    u[0] = x[2] ** 2
    return v[0]


@program(V)
def list_in_tuple(x):
    out = []
    acc = []
    for v in x:
        acc.append(v)
        out.append((v, acc))
    return len(out[0][1]) * out[1][0]


@program(V)
def list_multiplied(x):
    rows = [[0.0] * 2] * 3
    rows[0][1] = x[0]
    for i in range(2):
        rows[i][0] = x[i]
    return rows[2][1] * rows[2][0]


@program(V)
def shallow_copy(x):
    rows = [[v, v] for v in x]
    other = rows[:]
    other[0][0] = x[1] ** 2
    return rows[0][0] * rows[1][1]


@program(V)
def shallow_list(x):
    rows = [[x[0]], [x[1]]]
    other = list(rows)
    for i in range(2):
        other[i].append(x[2])
    return len(rows[0]) * sum(rows[0])


@program(V)
def swap_rows(x):
    rows = [[v] for v in x]
    a = rows[0]
    rows[0] = rows[1]
    a[0] = x[2]
    return rows[0][0] * x[0]


@program(V)
def row_removed_then_changed(x):
    rows = [[v] for v in x]
    r = rows.pop(0)
    r.append(x[1])
    return sum(r) * rows[0][0]


@program(V)
def returned_inner(x):
    rows = [[v] for v in x]

    def last():
        return rows[-1]

    last().append(x[0])
    return sum(rows[-1])


@program(V)
def grow_while_reading(x):
    rows = [[x[0]]]
    for i in range(2):
        r = rows[-1]
        rows.append([r[0] * x[1]])
        r.append(x[2])
    return rows[0][1] * rows[2][0]


@program(V)
def chosen_row(x):
    rows = [[v] for v in x]
    r = rows[0] if x[0] > 0 else rows[1]
    r.append(x[2])
    return sum(rows[0]) * sum(rows[1])


@program(V)
def dict_of_dicts(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = {}
        d[i]["a"] = v
        d[i]["b"] = v * v
    return d[0]["a"] * d[1]["b"]


@program(V)
def both_orders(x):
    a = []
    m = {"u": a}
    for v in x:
        a.append(v)
    k = "u" if x[0] > 0 else "w"
    return sum(m[k])


@program(V)
def same_list_in_two(x):
    row = [x[0]]
    A = []
    B = []
    for i in range(2):
        A.append(row)
        B.append(row)
    A[0].append(x[1])
    return len(B[1]) * B[0][0]


@program(V)
def copy_of_row(x):
    rows = [[v, v] for v in x]
    r = rows[0].copy()
    r[0] = x[1]
    return r[0] * rows[0][0] + r[1]


@program(V)
def mutated_in_call(x):
    rows = [[v] for v in x]

    def grow(r, v):
        r.append(v)

    for i in range(3):
        grow(rows[i], x[0])
    return sum(rows[1]) * sum(rows[2])


@program(V)
def three_levels(x):
    t = [[[v, v] for v in x] for _ in range(2)]
    for i in range(2):
        for j in range(3):
            t[i][j][1] = x[j] * x[i]
    return t[0][1][1] * t[1][2][1]


@program(V)
def augmented(x):
    t = [[v, v] for v in x]
    for i in range(3):
        t[i][0] += x[1]
        t[i][1] *= x[2]
    return t[0][0] * t[1][1]


@program(V)
def whole_row_set(x):
    t = [[v, v] for v in x]
    for i in range(3):
        t[i] = [x[0]] * (i + 1)
    return sum(t[2]) * t[0][0]


@program(V, tape=False)
def array_rows_written(x):
    rows = []
    for i in range(3):
        rows.append(np.zeros(2))
    for i in range(3):
        rows[i][0] = x[i]
    return rows[0][0] * rows[1][0]


@program(V, tape=False)
def dict_array_written(x):
    d = {"a": np.zeros(2), "b": np.zeros(2)}
    for i in range(2):
        d["a" if i else "b"][0] = x[i]
    return d["a"][0] * d["b"][0]


@program(V)
def table_of_lists(x):
    n = len(x)
    t = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            t[i][j] = x[i] * x[j] + (t[i - 1][j] if i else 0.0)
    return t[n - 1][n - 1] * t[0][1]


@program(V)
def prealloc_shared(x):
    n = len(x)
    t = [[0.0] * n] * n
    return len(t) * x[0] ** 2 + t[0][0]


@program(V)
def shared_written(x):
    n = len(x)
    t = [[0.0] * n] * n
    t[0][1] = x[1]
    return t[1][1] ** 2


@program(V)
def lists_of_different(x):
    rows = []
    for i in range(3):
        rows.append([x[i]] * (i + 1))
    rows[1].append(x[0])
    return sum([sum(r) * len(r) for r in rows])


@program(V)
def stack_of_lists(x):
    st = [[x[0]]]
    for v in x:
        st[-1].append(v)
        if v < 0:
            st.append([v])
    return sum(st[0]) * sum(st[-1])


@program(V)
def appended_then_read(x):
    rows = []
    for v in x:
        r = [v]
        rows.append(r)
        r.append(v * 2)
        rows[-1].append(v * 3)
    return sum([sum(r) for r in rows]) * len(rows[0])


@program(V)
def nested_dict_list(x):
    d = {}
    for i, v in enumerate(x):
        if i % 2 not in d:
            d[i % 2] = {"sum": 0.0, "items": []}
        d[i % 2]["sum"] += v
        d[i % 2]["items"].append(v)
    return d[0]["sum"] * sum(d[1]["items"]) + len(d[0]["items"])


@program(V)
def loop_over_empty_lists(x):
    g = [[], []]
    t = 0.0
    for r in g:
        for v in r:
            t = t + v
    return t + x[0] ** 2


@program(V)
def written_in_branches(x):
    rows = [[x[0]], [x[1]]]
    for i in range(3):
        if x[i] > 0:
            rows[0].append(x[i])
        else:
            rows[1][0] = x[i] * 2
    return sum(rows[0]) * sum(rows[1])


@program(V)
def flatten(x):
    rows = [[v, v * 2] for v in x]
    flat = [e for r in rows for e in r]
    return flat[0] * flat[-1]


@program(V)
def extend_rows(x):
    rows = [[v] for v in x]
    out = []
    for r in rows:
        out += r
    rows[0].append(x[1])
    return sum(out) * len(rows[0])


@program(V, tape=False)
def means_of_groups(x):
    pts = np.stack([x, x * 2 - 1, x + 1.5, x * 0.1])
    cs = [pts[0], pts[2]]
    for _ in range(2):
        groups = [[] for _ in cs]
        for p in pts:
            d = [np.sum((p - c) ** 2) for c in cs]
            groups[int(np.argmin(d))].append(p)
        cs = [np.mean(g, axis=0) if g else c for g, c in zip(groups, cs)]
    return np.sum(cs[0] * cs[1])


@program(V)
def beam_of_paths(x):
    beams = [(0.0, [])]
    for _ in range(2):
        ext = []
        for s, path in beams:
            for k in range(3):
                ext.append((s + x[k] * (k + 1), path + [k]))
        ext.sort(key=lambda it: -it[0])
        beams = ext[:2]
    return beams[0][0] * beams[1][0] + len(beams[0][1])


@program(V)
def tuple_best(x):
    best = (0.0, [])
    for v in x:
        if v * v > best[0]:
            best = (v * v, best[1] + [v])
    return best[0] * sum(best[1])
