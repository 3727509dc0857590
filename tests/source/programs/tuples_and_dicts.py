"""Tuples, dicts, named tuples, dataclasses; unpacking of everything."""

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])

Point = namedtuple("Point", ["x", "y"])


class Layer(NamedTuple):
    weight: np.ndarray
    bias: float


@dataclass
class Settings:
    scale: float
    shift: np.ndarray


@program(V)
def unpack_an_array(x):
    a, b, c = x
    return a * b + c**2


@program(V)
def starred(x):
    first, *rest = x
    *front, last = [x[0], x[1], x[2]]
    return first * rest[1] + front[1] * last


@program(V)
def starred_in_the_middle(x):
    a, *middle, b = [x[0], x[1], x[2], x[0] * x[1]]
    return a * b + sum(middle)


@program(0.7, 1.9, wrt=(0, 1))
def swap(x, y):
    x, y = y, x
    return x**2 - y


@program(0.7, 1.9, wrt=(0, 1))
def swap_through_three(x, y):
    a, b, c = x, y, x * y
    a, b, c = c, a, b
    return a**3 + b**2 * c


@program(0.7)
def nested_unpacking(x):
    (a, b), c = (x, x**2), x**3
    [d, (e, f)] = [a, (b, c)]
    return a * b + c + d * e * f


@program(0.7)
def chained_assignment(x):
    a = b = x**2
    a = a + 1
    return a * b


@program(V)
def chained_assignment_of_an_array(x):
    a = b = x * 2
    a = a + 1
    return np.sum(a * b)


def min_and_max(x):
    return np.min(x), np.max(x)


@program(V)
def several_results(x):
    low, high = min_and_max(x)
    return (high - low) ** 2 + min_and_max(x * 2)[1]


@program(V)
def result_kept_as_tuple(x):
    bounds = min_and_max(x)
    return bounds[0] * bounds[1] + len(bounds)


@program(V)
def tuple_arithmetic(x):
    pair = (x[0], x[1]) + (x[2],)
    twice = pair * 2
    return twice[4] * pair[2] + sum(pair)


@program(V)
def tuple_slices(x):
    t = (x[0], x[1], x[2])
    return t[1:][0] * t[-1] + sum(t[:2])


@program(V)
def star_in_a_literal(x):
    values = [*x, 1.0]
    pair = (*values[:2], x[2])
    return values[0] * values[3] + pair[2] ** 2


@program((np.array([0.5, 1.5]), 2.0))
def tuple_argument(params):
    w, b = params
    return np.sum(w**2) * b


@program([(M, np.array([0.1, -0.2])), (np.array([[1.0, -1.0]]), np.array([0.5]))], V)
def nested_list_of_layers(layers, x):
    for W, b in layers:
        x = np.tanh(W @ x + b)
    return x[0]


@program({"W": M, "b": np.array([0.1, -0.2])}, V, wrt=(0, 1))
def dict_of_parameters(params, x):
    y = params["W"] @ x + params["b"]
    return np.sum(y**2)


@program({"a": {"u": 0.5, "v": np.array([1.0, 2.0])}, "b": [0.3, (0.4, 0.7)]})
def deep_containers(tree):
    return tree["a"]["u"] * np.sum(tree["a"]["v"]) + tree["b"][0] * tree["b"][1][1] + tree["b"][1][0] ** 2


@program(Point(0.5, 1.5))
def named_tuple_argument(p):
    return p.x**2 * p.y + p[0]


@program(Layer(M, 0.5), V, wrt=(0, 1))
def typed_named_tuple(layer, x):
    return np.sum(np.tanh(layer.weight @ x + layer.bias))


@program(Settings(0.7, V))
def dataclass_argument(s):
    return s.scale * np.sum(s.shift**2)


@program(Point(0.5, 1.5))
def named_tuple_replaced(p):
    q = p._replace(x=p.y**2)
    return q.x * q.y + p.x


@program(0.7)
def named_tuple_made_inside(x):
    p = Point(x, y=x**2)
    u, v = p
    return p.x * p.y + u * v


@program(0.7, tape=False)
def dataclass_made_inside(x):
    s = Settings(scale=x, shift=np.array([x, 1.0]))
    s.scale *= 2
    s2 = replace(s, scale=s.scale * x)
    return s.scale * s2.scale + s.shift[0]


@program(0.7)
def dict_literal(x):
    d = {"a": x, "b": x**2}
    d["c"] = d["a"] * d["b"]
    return d["c"] + d["a"]


@program(0.7)
def dict_call_and_update(x):
    d = dict(a=x, b=2.0)
    d.update({"b": x**2})
    d.update(c=x**3)
    d = {**d, "a": d["a"] * 2}
    d |= {"e": x}
    return d["a"] * d["b"] + d["c"] * d["e"]


@program(V)
def dict_built_in_a_loop(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v**2
    return d[0] * d[2] + d[1]


@program(V)
def dict_accumulated(x):
    sums = {"even": 0.0, "odd": 0.0}
    for i, v in enumerate(x):
        key = "even" if i % 2 == 0 else "odd"
        sums[key] += v**2
    return sums["even"] * sums["odd"]


@program(V)
def defaults_of_a_dict(x):
    d = {"a": x[0]}
    b = d.get("b", x[1])
    c = d.setdefault("c", x[2] ** 2)
    a = d.pop("a")
    return a * b + c + d.get("a", 1.0) * d["c"]


@program(V)
def default_dict(x):
    groups = defaultdict(list)
    for i, v in enumerate(x):
        groups[i % 2].append(v)
    return sum(groups[0]) * sum(groups[1])


@program(V)
def ordered_dict(x):
    d = OrderedDict()
    d["a"] = x[0]
    d["b"] = x[1] * x[2]
    return sum([v * (i + 1) for i, v in enumerate(d.values())])


@program(V)
def dict_comprehension(x):
    powers = {k: x[0] ** k for k in range(1, 4)}
    named = {name: v * 2 for name, v in zip("abc", x)}
    return powers[2] + powers[3] * named["b"]


@program({"w": V, "b": 0.5})
def step_of_gradient_descent_by_hand(params):
    updated = {name: value - 0.1 * 2 * value for name, value in params.items()}
    return np.sum(updated["w"] ** 2) + updated["b"]


@program(V)
def sets_of_constants(x):
    skip = {1}
    seen = set()
    total = 0.0
    for i in range(3):
        if i in skip:
            continue
        seen.add(i)
        total += x[i] ** 2
    return total * len(seen)


@program(V)
def keyed_by_tuple(x):
    table = {}
    for i in range(3):
        for j in range(i):
            table[i, j] = x[i] * x[j]
    return table[2, 1] + table[(2, 0)] * table[1, 0]


@program(V)
def memo_in_a_dict(x):
    memo = {0: x[0], 1: x[1]}
    for n in range(2, 6):
        if n not in memo:
            memo[n] = memo[n - 1] + memo[n - 2] * x[2]
    return memo[5]


@program(V)
def returned_dict(x):
    return {"sum": np.sum(x), "squares": x**2}


@program(V)
def returned_tuple(x):
    return np.sum(x**2), x[0] * x[1:]


@program(V)
def returned_list_of_lists(x):
    return [[v, v**2] for v in x]


@program(0.7, 0.2, wrt=(0, 1))
def returned_named_tuple(x, y):
    return Point(x * y, y=x - y)


@program(V)
def returned_array(x):
    return np.outer(x, x) * 2


@program(V)
def returned_input(x):
    return x


@program(V)
def returned_with_labels(x):
    return {"name": "result", "value": x**3, "count": len(x)}


@program((0.3, [0.5, {"k": np.array([0.1, 0.2])}]))
def same_containers_back(tree):
    a, (b, d) = tree
    return (a * b, [a**2, {"k": d["k"] * a}])


@program(Settings(0.7, V))
def returned_dataclass(s):
    return Settings(s.scale**2, s.shift * s.scale)


@program(V)
def unpacking_a_shape(x):
    (n,) = x.shape
    rows, cols = np.outer(x, x[:2]).shape
    return np.sum(x) * n + x[0] * rows * cols


@program(M)
def unpacking_rows(A):
    top, bottom = A
    return np.sum(top * bottom) + top[0]


@program(V, tape=False)
def unpack_into_items(x):
    y = np.zeros(3)
    d = {}
    y[0], d["k"] = x[1] ** 2, x[2]
    (y[1], y[2]) = (x[0], d["k"] * 2)
    return np.sum(y * x) + d["k"]


@program([0.5, 1.5], [0.2, 0.1], wrt=(0, 1))
def lists_of_numbers(a, b):
    return sum([p * q for p, q in zip(a, b)]) + a[0] ** 2


@program({"x": 0.4, "skip": None, "y": np.array([1.0, 2.0])})
def container_with_none(params):
    scale = 2.0 if params["skip"] is None else params["skip"]
    return scale * params["x"] * np.sum(params["y"])


@program([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
def argument_changed_in_a_list(arrays):
    arrays[0] = arrays[0] * arrays[1]
    arrays.append(arrays[0] ** 2)
    return np.sum(arrays[2])


@program({"a": np.array([1.0, 2.0]), "b": np.array([3.0, 0.5])})
def argument_changed_in_a_dict(d):
    d["c"] = d["a"] * d["b"]
    d["a"] = d["c"] ** 2
    return np.sum(d["a"] * d["b"])


@dataclass
class Layers:
    first: Settings
    others: list


@program(Layers(Settings(0.7, V), [V + 3.0, (0.3, M)]))
def dataclass_of_dataclasses_and_lists(layers):
    weights, (rate, mixed) = layers.others
    hidden = mixed @ (layers.first.shift * weights) * layers.first.scale**2
    return np.sum(np.tanh(rate * hidden) * hidden)


@program([[V], [V * 2.0]])
def star_takes_one_list_of_a_list(rows):
    *most, last = rows
    return sum([np.sum(row[0] * last[0]) for row in most])


@program([{"w": V}, {"w": V + 1.0}])
def star_takes_one_dict_of_a_list(layers):
    first, *rest = layers
    total = np.sum(first["w"] ** 2)
    for layer in rest:
        total = total + np.sum(np.sin(layer["w"]))
    return total


@program([{"w": np.ones((3, 4))}, {"w": np.full((4, 2), 0.5)}], np.full((2, 3), 0.3))
def one_name_for_two_shapes(layers, x):
    first, *rest = layers
    return np.sum(x @ first["w"] @ rest[0]["w"])


class Scale:
    def __init__(self, w):
        self.w = w


SCALES = [Scale(np.full((3, 4), 0.5)), Scale(np.full((4, 2), 0.25))]


@program(np.full((2, 3), 0.3))
def one_attribute_for_two_shapes(x):
    return np.sum(np.tanh(x @ SCALES[0].w) @ SCALES[1].w)


@dataclass(frozen=True)
class Body:
    mass: float
    place: np.ndarray

    def __post_init__(self):
        assert len(self.place) > 0


@program(V + 2.0)
def list_of_dataclasses_read_by_a_loop(x):
    bodies = [Body(x[k], x * k) for k in range(3)]
    total = 0.0
    for body in bodies:
        total += body.mass**2 * np.sum(body.place**3)
    for k in (0, 2, 1, 0):
        body = bodies[k]
        total += np.sin(body.mass) * body.place[0]
    return total * bodies[1].mass


@program(V)
def list_of_named_tuples_read_by_number(x):
    layers = []
    for k in range(3):
        layers.append(Layer(x * (k + 1), x[k] ** 2))
    k, total = 0, 0.0
    while k < 5:
        layer = layers[k % 3]
        total += np.sum(np.sin(layer.weight)) * layer.bias
        k += 1
    return total
