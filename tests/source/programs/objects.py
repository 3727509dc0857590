"""Classes: attributes, methods, properties, `__call__`, dataclasses, inheritance; objects made inside."""

from dataclasses import dataclass, field

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])


class Linear:
    def __init__(self, weight, bias):
        self.weight = weight
        self.bias = bias

    def __call__(self, x):
        return self.weight @ x + self.bias

    def penalty(self, strength=0.1):
        return strength * np.sum(self.weight**2)


class Scaler:
    factor = 2.0

    def __init__(self, shift=0.0):
        self.shift = shift

    @property
    def twice(self):
        return self.factor * 2

    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def default(cls):
        return cls(1.0)

    def apply(self, x):
        return self.factor * x + self.shift

    def chain(self, x):
        return self.apply(self.apply(x)) * self.twice


class Offset(Scaler):
    def apply(self, x):
        return super().apply(x) + 1.0


class Counter:
    def __init__(self):
        self.total = 0.0
        self.calls = 0

    def add(self, v):
        self.total += v
        self.calls += 1
        return self


class Mlp:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = []
        for n, m in zip(sizes[:-1], sizes[1:]):
            self.layers.append(Linear(rng.normal(size=(m, n)), np.zeros(m)))
        self.activation = np.tanh

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


@dataclass
class Spring:
    stiffness: float
    length: float = 1.0
    tags: list = field(default_factory=list)

    def energy(self, x):
        return 0.5 * self.stiffness * (x - self.length) ** 2

    @property
    def frequency(self):
        return self.stiffness**0.5


class Vector:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __getitem__(self, i):
        return self.x if i == 0 else self.y

    def __len__(self):
        return 2

    def norm2(self):
        return self.x**2 + self.y**2


MODEL = Mlp([3, 4, 1])
SCALER = Scaler(0.5)


@program(V, Linear(M, np.array([0.1, 0.2])))
def object_argument(x, layer):
    return np.sum(layer.weight @ x) + layer.bias[0] * x[0]


@program(V, Linear(M, np.array([0.1, 0.2])))
def method_of_an_argument(x, layer):
    return np.sum(layer(x) ** 2) + layer.penalty() * x[0] + layer.penalty(strength=x[1])


@program(V)
def global_model(x):
    return MODEL.forward(x)[0]


@program(0.7)
def class_attribute_and_property(x):
    return SCALER.factor * x + SCALER.twice * x**2 + Scaler.factor


@program(0.7)
def methods_calling_methods(x):
    return SCALER.chain(x) * x


@program(0.7)
def inherited_and_super(x):
    return Offset(0.5).chain(x) + x**2


@program(0.7)
def static_and_class_methods(x):
    return Scaler.square(x) + Scaler.default().apply(x) * SCALER.square(x)


@program(0.7)
def made_inside(x):
    s = Scaler(x)
    return s.apply(x) * s.shift


@program(V)
def accumulated_in_an_attribute(x):
    counter = Counter()
    for v in x:
        counter.add(v**2)
    return counter.total / counter.calls


@program(0.7)
def method_chaining(x):
    return Counter().add(x).add(x**2).total * 2


@program(0.7)
def attribute_assignment(x):
    s = Scaler()
    s.shift = x
    s.factor = x**2
    s.shift += 1.0
    s.shift *= x
    return s.apply(3.0) + s.shift


@program(V)
def array_attribute_written(x):
    layer = Linear(np.ones((2, 3)), np.zeros(2))
    layer.weight = layer.weight * x
    layer.weight[0] *= 2
    layer.bias = layer.bias + x[0]
    return np.sum(layer(x))


@program(M, V, wrt=(0, 1))
def layer_made_of_inputs(W, x):
    layer = Linear(W, x[:2])
    return np.sum(layer(x) ** 2) + layer.penalty()


@program(0.7, Spring(2.0))
def dataclass_methods(x, spring):
    return spring.energy(x) + spring.frequency * x


@program(0.7)
def dataclass_of_inputs(k):
    spring = Spring(k, length=k**2)
    return spring.energy(2.0) * spring.frequency + len(spring.tags)


@program(0.7, 0.4, wrt=(0, 1))
def overloaded_operators(a, b):
    v = Vector(a, b)
    w = 2.0 * v + v * a + -v
    return w.norm2() + w[0] * w[1] * len(w)


@program(V)
def objects_in_a_list(x):
    springs = [Spring(1.0), Spring(2.0, 0.5), Spring(0.5)]
    energy = 0.0
    for s, v in zip(springs, x):
        energy += s.energy(v)
    return energy


@program(V)
def list_of_objects_of_inputs(x):
    springs = [Spring(v**2, length=x[0]) for v in x]
    return sum([s.energy(1.5) for s in springs])


@program(0.7, Counter())
def argument_object_changed(x, counter):
    y = x**2
    counter.calls += 1
    counter.calls = counter.calls * 2
    return y * counter.calls


program(V, name="bound_method")(MODEL.forward)
program(0.7, name="bound_method_with_default")(SCALER.chain)
program(V, name="callable_object")(Linear(M, np.array([0.1, 0.2])))
program(0.7, name="static_method_itself")(Scaler.square)


@program(Linear(M, V[:2]), V, wrt=1)
def gradient_wrt_second(layer, x):
    return np.sum(np.tanh(layer(x)))


class Network:
    def __init__(self):
        self.params = {"w": np.array([0.5, -0.3, 0.8]), "b": 0.1}

    def loss(self, params, x, y=1.0):
        return (self.predict(params, x) - y) ** 2

    def predict(self, params, x):
        return np.tanh(params["w"] @ x + params["b"])


program({"w": V, "b": 0.3}, np.array([0.2, 0.5, 0.1]), name="method_of_parameters")(Network().loss)


@program(0.7)
def class_defined_inside(x):
    class Box:
        def __init__(self, v):
            self.v = v

        def doubled(self):
            return self.v * 2

    return Box(x).doubled() * Box(x**2).v


@program(0.7)
def getattr_by_name(x):
    s = Scaler(0.5)
    f = getattr(s, "apply")
    setattr(s, "shift", x)
    return f(x) * (s.shift if hasattr(s, "shift") else 0.0)


class Simulation:
    def __init__(self, position, velocity):
        self.position = position
        self.velocity = velocity
        self.history = []

    def step(self, dt):
        self.velocity = self.velocity - dt * np.sin(self.position)
        self.position = self.position + dt * self.velocity
        self.history.append(self.position)


@program(0.7, -0.2, wrt=(0, 1))
def simulation_with_state(x0, v0):
    sim = Simulation(x0, v0)
    for _ in range(4):
        sim.step(0.1)
    return sim.position**2 + sum(sim.history)


@program(V)
def instance_check_of_own_class(x):
    shape = Vector(x[0], x[1])
    if isinstance(shape, Vector):
        return shape.norm2() * x[2]
    return x[0]


class Temperature:
    def __init__(self, celsius):
        self._celsius = celsius

    @property
    def kelvin(self):
        return self._celsius + 273.15

    @kelvin.setter
    def kelvin(self, value):
        self._celsius = value - 273.15


@program(20.5)
def property_setter(x):
    t = Temperature(x)
    t.kelvin = t.kelvin * 1.1
    return t._celsius**2 / 100
