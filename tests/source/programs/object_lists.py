"""Objects in lists and dicts, whose attributes change there."""

from dataclasses import dataclass

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


@dataclass
class Spring:
    k: float
    length: float = 1.0

    def energy(self, x):
        return 0.5 * self.k * (x - self.length) ** 2


class Body:
    def __init__(self, m, p):
        self.m = m
        self.p = p
        self.v = np.zeros(2)
        self.f = np.tanh

    def go(self, dt):
        self.p = self.p + dt * self.v
        return self

    @property
    def e(self):
        return self.m * np.sum(self.f(self.p) ** 2)


@program(V)
def sum_of_energies(x):
    s = [Spring(v**2, length=x[0]) for v in x]
    return sum(one.energy(1.5) for one in s)


@program(V)
def attributes_changed(x):
    s = [Spring(v) for v in x]
    for one in s:
        one.k = one.k * x[1]
        one.length += one.k
    return sum([one.energy(0.5) for one in s]) * s[0].k


@program(V, tape=False)
def bodies_that_pull(x):
    bs = [Body(v, np.array([v, 1.0]) * 0.5) for v in x]
    for _ in range(2):
        for i, a in enumerate(bs):
            for b in bs[i + 1 :]:
                d = a.p - b.p
                a.v = a.v - d * b.m
                b.v = b.v + d * a.m
        for b in bs:
            b.go(0.1)
    return sum([b.e for b in bs])


@program(V)
def alias_of_object(x):
    s = [Spring(v) for v in x]
    a = s[0]
    b = s[0]
    a.k = x[2]
    return b.k * s[0].k * x[0]


@program(V)
def put_then_changed(x):
    out = []
    for v in x:
        o = Spring(v)
        out.append(o)
        o.length = v * 2
    return sum([o.energy(1.0) for o in out])


@program(V)
def in_two_lists(x):
    s = [Spring(v) for v in x]
    t = [o for o in s if o.k > 0]
    t[0].k = x[1]
    return s[0].k * s[2].k


@program(V)
def sorted_objects(x):
    s = [Spring(v) for v in x]
    t = sorted(s, key=lambda o: -o.k)
    return t[0].k * t[1].k ** 2


@program(V)
def sort_in_place(x):
    s = [Spring(v) for v in x]
    s.sort(key=lambda o: o.k, reverse=True)
    s[0].k = s[0].k * 2
    return s[0].k * s[1].k ** 2


@program(V)
def best_of(x):
    s = [Spring(v, v * v) for v in x]
    b = max(s, key=lambda o: o.k)
    w = min(s, key=lambda o: o.k)
    return b.length * w.k


@program(V)
def best_changed(x):
    s = [Spring(v, v * v) for v in x]
    b = max(s, key=lambda o: o.k)
    b.k = x[0]
    return sum([o.k * o.length for o in s])


@program(V)
def dict_of_objects(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = Spring(v)
    d[0].k = x[1] * 3
    return d[0].k * d[2].k


@program(V)
def two_classes(x):
    s = []
    for i, v in enumerate(x):
        if i:
            s.append(Spring(v))
        else:
            s.append(Body(v, np.ones(2)))
    return s[0].m


@program(V)
def object_popped_and_put_back(x):
    s = [Spring(v) for v in x]
    o = s.pop()
    o.k = o.k * 2
    s.append(o)
    return sum([q.k**2 for q in s])


@program(V)
def removed_by_index(x):
    s = [Spring(v) for v in x]
    del s[1]
    s.insert(0, Spring(x[1] * 2))
    return s[0].k * s[1].k * s[2].k


@program(V)
def slice_kept(x):
    s = [Spring(v) for v in x]
    tail = s[1:]
    s[1] = Spring(x[0])
    return tail[0].k * s[1].k


@program(V)
def slice_changed(x):
    s = [Spring(v) for v in x]
    for o in s[:2]:
        o.k = o.k * x[2]
    return s[0].k * s[1].k + s[2].k


@program(V)
def slice_len(x):
    s = [Spring(v) for v in x]
    t = s[1:]
    s.append(Spring(x[0]))
    return len(t) * t[1].k


@program(V)
def objects_swapped(x):
    s = [Spring(v) for v in x]
    s[0], s[1] = s[1], s[0]
    return s[0].k * x[0]


@program(V, tape=False)
def attr_array_inplace(x):
    s = [Body(v, np.array([v, 1.0])) for v in x]
    for b in s:
        b.p += 1.0
    return sum([b.e for b in s])


@program(V)
def pairs_of_different_objects(x):
    s = [Spring(v) for v in x]
    t = 0.0
    for a in s:
        for b in s:
            if a is not b:
                t = t + a.k * b.k
    return t


@program(V, tape=False)
def attributes_gathered(x):
    s = [Spring(v) for v in x]
    ks = np.array([o.k for o in s])
    return np.sum(ks * ks[::-1])


@program(V)
def new_attr(x):
    s = [Spring(v) for v in x]
    for o in s:
        o.extra = o.k * 2
    return sum([o.extra for o in s])
