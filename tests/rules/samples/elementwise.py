"""Samples of tapeless/rules/elementwise.py and smooth.py."""

import math

import numpy as np

from tapeless.rules.smooth import bessel_i, exp_share, power_derivative, sinc_derivative
from tests.rules.sample import Edge, Sample, array, distinct, positive

inf, nan, pi = math.inf, math.nan, math.pi
LN2 = 0.6931471805599453
x, y = array(2, 3), array(3, seed=1)
apart = distinct(2, 3)  # no two nearer than 1/6, none near zero
z = array(2, 3) + 1j * array(2, 3, seed=4)

# The functions of one argument that are smooth on (-1, 1), and complex differentiable.
ENTIRE = (
    np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh,
    np.arctanh, np.exp, np.exp2, np.expm1, np.square, np.negative, np.positive, np.sinc,
)  # fmt: skip
# ... and on the positive numbers.
ON_POSITIVE = (np.log, np.log2, np.log10, np.log1p, np.sqrt, np.reciprocal)
REAL = (np.deg2rad, np.radians, np.rad2deg, np.degrees, np.i0, np.absolute, np.fabs, np.sign, np.conjugate)

SAMPLES = [
    *[Sample(f, (x,), complex=True) for f in ENTIRE],
    *[Sample(f, (positive(2, 3),), complex=True) for f in ON_POSITIVE],
    *[Sample(f, (apart,)) for f in REAL],
    *[Sample(f, (0.3,), note=" of a float") for f in (*ENTIRE, *REAL)],
    *[Sample(f, (np.zeros(()) + 0.7,), note=" of a 0-d array") for f in (*ENTIRE, *ON_POSITIVE, *REAL)],
    Sample(np.arccosh, (1.5 + positive(2, 3),), complex=True),
    Sample(np.arccosh, (np.array([-2.0 + 0.5j, -0.3 - 2.0j, 0.2 + 0.1j]),), note=" left half-plane"),
    Sample(np.cbrt, (np.array([-8.0, 0.3, 27.0]),)),
    Sample(np.i0, (np.array([-40.0, -3.0, 0.2, 12.0, 31.0]),), rtol=1e-4, note=" far"),
    # two arguments
    Sample(np.add, (x, array(2, 3, seed=2)), wrt=(0, 1), complex=True),
    Sample(np.add, (array(3), array(2, 3, seed=1)), wrt=(0, 1), complex=True),
    Sample(np.subtract, (array(2, 1), array(3, seed=1)), wrt=(0, 1), complex=True),
    Sample(np.multiply, (array(2, 1), array(3, seed=1)), wrt=(0, 1), complex=True),
    Sample(np.multiply, (x, 3.0)),
    Sample(np.true_divide, (array(2, 1), positive(3)), wrt=(0, 1), complex=True),
    Sample(np.true_divide, (2.0, positive(3)), wrt=(1,), complex=True),
    Sample(np.fmod, (np.array([5.3, -5.3, 7.1]), np.array([3.0, 2.9, -3.2])), wrt=(0, 1)),
    Sample(np.remainder, (np.array([5.3, -5.3, 7.1]), np.array([3.0, 2.9, -3.2])), wrt=(0, 1)),
    Sample(np.remainder, (np.array([5.3, -5.3]), 1.0)),
    Sample(np.divmod, (np.array([[5.3], [-5.3]]), np.array([3.0, 2.9, -3.2])), wrt=(0, 1)),
    Sample(np.hypot, (array(2, 1), array(3, seed=1)), wrt=(0, 1)),
    Sample(np.arctan2, (array(2, 1), array(3, seed=1)), wrt=(0, 1)),
    Sample(np.arctan2, (np.array([1.0, -1.0, 1e-3]), np.array([-2.0, -2.0, 1e-3])), wrt=(0, 1)),
    Sample(np.logaddexp, (array(2, 1), array(3, seed=1)), wrt=(0, 1)),
    Sample(np.logaddexp2, (array(2, 1), array(3, seed=1)), wrt=(0, 1)),
    Sample(np.copysign, (apart, -apart[::-1]), wrt=(0, 1)),
    Sample(np.heaviside, (apart, y), wrt=(0, 1)),
    Sample(np.nextafter, (apart, 2.0)),
    Sample(np.ldexp, (x, np.array([1, -2, 3])), wrt=(0,)),
    Sample(np.ldexp, (x[:, :1], np.array([1, -2, 3])), wrt=(0,)),
    Sample(np.frexp, (np.array([0.3, -5.0, 12.0]),)),
    Sample(np.modf, (np.array([0.3, -5.2, 12.1]),)),
    Sample(np.full_like, (x, y), wrt=(1,)),
    Sample(np.full_like, (x, 2.0), wrt=(1,)),
    # powers
    *[
        Sample(np.power, (positive(2, 3), p), complex=True)
        for p in (2, 3, 0, 1, -1, -2, 0.5, -0.5, 1.5, 2.7, 5)
    ],
    *[Sample(np.power, (-positive(3), p), note=" negative") for p in (2, 3, -1, -2)],
    Sample(np.power, (2.0, 3), note=" floats"),
    Sample(np.power, (positive(3), 2.5 - 1.0j), complex=False, wrt=(0,)),
    Sample(np.power, (positive(2, 1), array(3)), wrt=(0, 1), complex=True),
    Sample(np.power, (positive(3), np.array([2, -1, 0]))),
    Sample(np.power, (-positive(3), np.array([2.0, -1.0, 3.0]))),
    Sample(np.power, (2, y), wrt=(1,)),
    Sample(np.power, (1.7, y), wrt=(1,), complex=True),
    Sample(np.float_power, (positive(2, 1), array(3)), wrt=(0, 1)),
    Sample(np.float_power, (positive(3), 2)),
    # choices
    Sample(np.where, (x > 0, array(3), array(2, 1, seed=2)), wrt=(1, 2), complex=True),
    Sample(np.where, (x > 0, x, 0.0), wrt=(1,)),
    Sample(np.where, (np.array([[1], [0]]), x, 7.0), wrt=(1,)),
    Sample(np.where, (True, 3.0, array(2)), wrt=(1, 2)),
    *[
        Sample(f, (apart, apart.T.reshape(2, 3) + 0.05), wrt=(0, 1))
        for f in (np.maximum, np.minimum, np.fmax, np.fmin)
    ],
    *[Sample(f, (apart, 0.0)) for f in (np.maximum, np.minimum, np.fmax, np.fmin)],
    Sample(np.maximum, (z, array(3, seed=8)), wrt=(0,), note=" complex"),
    Sample(np.clip, (apart, -0.3, 0.4)),
    Sample(np.clip, (apart, None, 0.4)),
    Sample(np.clip, (apart, -0.3, None)),
    Sample(np.clip, (apart,), {"min": -0.3}),
    Sample(np.clip, (apart,), {"max": 0.1}),
    Sample(np.clip, (apart,), {"a_min": -0.3, "a_max": 0.1}),
    Sample(np.clip, (apart, -0.3, 0.1), {"out": None}),
    Sample(np.clip, (apart, np.array([-0.3, 0.01, -0.6]), np.array([[0.06], [0.11]])), wrt=(0, 1, 2)),
    Sample(np.clip, (apart, np.array([-0.3, 0.01, 0.6]), 0.2), wrt=(0, 1), note=" crossed"),
    Sample(np.clip, (0.5, array(3), None), wrt=(0, 1)),
    Sample(np.nan_to_num, (x,)),
    Sample(np.nan_to_num, (x, True, 1.0, 2.0, 3.0)),
    # parts of complex numbers
    *[
        Sample(f, (z,), note=" complex")
        for f in (np.absolute, np.sign, np.conjugate, np.real, np.imag, np.angle)
    ],
    *[Sample(f, (x,)) for f in (np.real, np.imag, np.angle, np.real_if_close)],
    Sample(np.angle, (z,), {"deg": True}),
    Sample(np.angle, (z, True)),
    Sample(np.real_if_close, (z,)),
    # what the rules call: their samples are the second orders of the rows above
    *[
        Sample(power_derivative, (positive(2, 3), p, m, 0), complex=True)
        for p in (2, 3.0, 0.5, -1, 2.7, 2.5 + 1j)
        for m in (1, 2, 3)
    ],
    *[
        Sample(power_derivative, (positive(2, 1), array(3), m, k), wrt=(0, 1), complex=True)
        for m, k in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1))
    ],
    *[
        Sample(sinc_derivative, (np.array([-9.3, -0.5, -1e-3, 0.0, 0.3, 2.2]), k), complex=True)
        for k in range(1, 6)
    ],
    *[Sample(bessel_i, (np.array([-35.0, -2.0, 0.0, 0.3, 29.9]), n), rtol=1e-4) for n in (0, 1, 2, 5)],
    Sample(exp_share, (array(2, 1), array(3, seed=1)), wrt=(0, 1)),
]


def at(function, points, *gradients, **options):
    """An edge with one list of points, or a tuple of lists, for the arguments that are differentiated."""
    columns = points if isinstance(points, tuple) else (points,)
    args = tuple(np.array(column) if isinstance(column, list) else column for column in columns)
    wrt = tuple(position for position, column in enumerate(columns) if isinstance(column, list))
    return Edge(function, args, tuple(np.array(g) for g in gradients), wrt=wrt, **options)


SPECIAL = [0.0, -0.0, nan, inf, -inf]
NEAR_SINC = 1e-5

EDGES: list[Edge] = [
    # one argument, at zeros, nan and infinities
    at(np.absolute, SPECIAL, [0.0, 0.0, nan, 1.0, -1.0]),
    at(np.fabs, SPECIAL, [0.0, 0.0, nan, 1.0, -1.0]),
    at(np.sign, SPECIAL, [0.0] * 5),
    at(np.sqrt, SPECIAL, [inf, -inf, nan, 0.0, nan]),
    at(np.cbrt, SPECIAL, [inf, inf, nan, 0.0, 0.0]),
    at(np.log, SPECIAL, [inf, -inf, nan, 0.0, 0.0]),
    at(np.log2, SPECIAL, [inf, -inf, nan, 0.0, 0.0]),
    at(np.log10, SPECIAL, [inf, -inf, nan, 0.0, 0.0]),
    at(np.log1p, SPECIAL, [1.0, 1.0, nan, 0.0, 0.0]),
    at(np.log1p, [-1.0], [inf]),
    at(np.exp, SPECIAL, [1.0, 1.0, nan, inf, 0.0]),
    at(np.exp2, SPECIAL, [LN2, LN2, nan, inf, 0.0]),
    at(np.expm1, SPECIAL, [1.0, 1.0, nan, inf, 0.0]),
    at(np.reciprocal, SPECIAL, [-inf, -inf, nan, 0.0, 0.0]),
    at(np.square, SPECIAL, [0.0, 0.0, nan, inf, -inf]),
    at(np.tanh, SPECIAL, [1.0, 1.0, nan, 0.0, 0.0]),
    at(np.sin, SPECIAL, [1.0, 1.0, nan, nan, nan]),
    at(np.cos, SPECIAL, [0.0, 0.0, nan, nan, nan]),
    at(np.tan, SPECIAL, [1.0, 1.0, nan, nan, nan]),
    at(np.arcsin, SPECIAL, [1.0, 1.0, nan, nan, nan]),
    at(np.arccos, SPECIAL, [-1.0, -1.0, nan, nan, nan]),
    at(np.arctan, SPECIAL, [1.0, 1.0, nan, 0.0, 0.0]),
    at(np.sinh, SPECIAL, [1.0, 1.0, nan, inf, inf]),
    at(np.cosh, SPECIAL, [0.0, 0.0, nan, inf, -inf]),
    at(np.arcsinh, SPECIAL, [1.0, 1.0, nan, 0.0, 0.0]),
    at(np.arccosh, SPECIAL, [nan, nan, nan, 0.0, nan]),
    at(np.arctanh, SPECIAL, [1.0, 1.0, nan, 0.0, 0.0]),
    at(np.sinc, SPECIAL, [0.0, 0.0, nan, nan, nan]),
    at(np.arcsin, [1.0, -1.0, 1.5], [inf, inf, nan]),
    at(np.arccos, [1.0, -1.0, 1.5], [-inf, -inf, nan]),
    at(np.arctanh, [1.0, -1.0, 1.5], [inf, inf, -0.8]),
    at(np.arccosh, [1.0, 1.25], [inf, 4 / 3]),
    at(np.i0, [0.0, 1.0, -1.0], [0.0, 0.5651591039924850, -0.5651591039924850]),
    at(
        np.sinc,
        [1.0, 2.0, NEAR_SINC],
        [-1.0, 0.5, -(pi**2) / 3 * NEAR_SINC * (1 - (pi * NEAR_SINC) ** 2 / 10)],
    ),
    # derivatives of higher order, at zero
    Edge(sinc_derivative, (np.array(0.0), 1), (-(pi**2) / 3,)),
    Edge(sinc_derivative, (np.array(0.0), 2), (0.0,)),
    Edge(sinc_derivative, (np.array(0.0), 3), (pi**4 / 5,)),
    Edge(bessel_i, (np.array(0.0), 1), (0.5,)),
    Edge(bessel_i, (np.array(0.0), 2), (0.0,)),
    Edge(power_derivative, (np.array([0.0, -0.0]), 2.0, 1, 0), (np.array([2.0, 2.0]),)),
    Edge(power_derivative, (np.array([0.0, -0.0]), 3.0, 1, 0), (np.array([0.0, 0.0]),)),
    Edge(power_derivative, (np.array([0.0, 5.0]), 2, 2, 0), (np.array([0.0, 0.0]),)),
    Edge(power_derivative, (np.zeros(3), np.array([0.0, 1.0, 2.0]), 1, 0), (np.array([0.0, 0.0, 2.0]),)),
    Edge(power_derivative, (np.zeros(2), np.array([2.0, 3.0]), 0, 1), (np.zeros(2), np.zeros(2)), wrt=(0, 1)),
    # powers
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], 0), [0.0] * 5),
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], 0.5), [inf, -inf, 0.5, nan, nan]),
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], 1), [1.0] * 5),
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], 1.5), [0.0, 0.0, 1.5, nan, nan]),
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], 2), [0.0, 0.0, 2.0, -2.0, nan]),
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], 3), [0.0, 0.0, 3.0, 3.0, nan]),
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], -1.0), [-inf, -inf, -1.0, -1.0, nan]),
    at(np.power, ([0.0, -0.0, 1.0, -1.0, nan], -0.5), [-inf, -inf, -0.5, nan, nan]),
    at(
        np.power,
        ([0.0, 0.0, 0.0, 0.0, -1.0, -2.0], [0.0, 1.0, 2.0, -1.0, 2.0, 0.5]),
        [0.0, 1.0, 0.0, -inf, -2.0, nan],
        [0.0, 0.0, 0.0, -inf, nan, nan],
    ),
    at(np.power, (2.0, [0.0, 1.0]), [LN2, 2 * LN2]),
    at(np.power, (0.0, [0.0, 1.0, -1.0]), [0.0, 0.0, -inf]),
    at(np.float_power, ([0.0, 3.0], [0.0, 2.0]), [0.0, 6.0], [0.0, 9 * 1.0986122886681098]),
    at(np.power, ([0j, 1 + 1j], 2), [0j, 2 + 2j]),
    at(np.power, ([0j, 2 + 0j], [2 + 0j, 0j]), [0j, 0j], [0j, LN2]),
    # two arguments
    at(np.true_divide, ([1.0, 0.0], [0.0, 0.0]), [inf, inf], [-inf, nan]),
    at(np.multiply, ([0.0, inf], [inf, 0.0]), [inf, 0.0], [0.0, inf]),
    at(np.maximum, ([1.0, 2.0, nan, 1.0], [1.0, 1.0, 1.0, nan]), [0.5, 1.0, 1.0, 1.0], [0.5, 0.0, 1.0, 1.0]),
    at(np.minimum, ([1.0, 2.0, nan, 1.0], [1.0, 1.0, 1.0, nan]), [0.5, 0.0, 1.0, 1.0], [0.5, 1.0, 1.0, 1.0]),
    at(np.fmax, ([1.0, 2.0, nan, 1.0], [1.0, 1.0, 1.0, nan]), [0.5, 1.0, 0.0, 1.0], [0.5, 0.0, 1.0, 0.0]),
    at(np.fmin, ([1.0, 2.0, nan, 1.0], [1.0, 1.0, 1.0, nan]), [0.5, 0.0, 0.0, 1.0], [0.5, 1.0, 1.0, 0.0]),
    at(np.maximum, ([inf, -inf, 0.0], [inf, inf, -0.0]), [0.5, 0.0, 0.5], [0.5, 1.0, 0.5]),
    at(
        np.hypot,
        ([0.0, 3.0, 1e-200, 3e200], [0.0, 4.0, 0.0, 4e200]),
        [0.0, 0.6, 1.0, 0.6],
        [0.0, 0.8, 0.0, 0.8],
    ),
    at(
        np.arctan2,
        ([0.0, 1.0, 0.0, 1e-200], [0.0, 0.0, -2.0, 0.0]),
        [0.0, 0.0, -0.5, 0.0],
        [0.0, -1.0, 0.0, -1e200],
    ),
    at(
        np.logaddexp,
        ([1.0, -inf, -inf, inf, inf, 1000.0], [1.0, -inf, 0.0, inf, 0.0, -1000.0]),
        [0.5, 0.5, 0.0, 0.5, 1.0, 1.0],
        [0.5, 0.5, 1.0, 0.5, 0.0, 0.0],
    ),
    at(np.logaddexp2, ([1.0, -inf, 3.0], [1.0, -inf, 4.0]), [0.5, 0.5, 1 / 3], [0.5, 0.5, 2 / 3]),
    Edge(
        exp_share,
        (np.array([0.0, -inf]), np.array([0.0, -inf])),
        (np.full(2, 0.25), np.full(2, -0.25)),
        wrt=(0, 1),
    ),
    at(np.fmod, ([5.0, -5.0], [3.0, 3.0]), [1.0, 1.0], [-1.0, 1.0]),
    at(np.remainder, ([5.0, -5.0], [3.0, 3.0]), [1.0, 1.0], [-1.0, 2.0]),
    at(np.remainder, ([1.5, 2.0], 1), [1.0, 1.0]),
    at(np.copysign, ([0.0, 2.0, -2.0], -1.0), [0.0, -1.0, 1.0]),
    at(np.copysign, ([2.0, 3.0], [-1.0, 0.0]), [-1.0, 1.0], [0.0, 0.0]),
    at(np.heaviside, ([0.0, 1.0, -1.0], [0.5, 0.5, 0.5]), [0.0] * 3, [1.0, 0.0, 0.0]),
    # choices: the bounds are inside, crossed bounds give the upper one
    at(np.clip, ([-2.0, -1.0, 0.0, 1.0, 2.0, nan], -1.0, 1.0), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    at(np.clip, ([0.0, -0.0, nan], 0.0, None), [1.0, 1.0, 0.0]),
    at(np.clip, ([0.0, 2.0, -2.0], 1.0, -1.0), [0.0, 0.0, 0.0]),
    at(
        np.clip,
        ([0.0, 1.0, 2.0, -1.0], [0.0] * 4, [1.0] * 4),
        [1.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 1.0, 0.0],
    ),
    at(np.clip, ([0.0, -2.0], [1.0, 1.0], [-1.0, -1.0]), [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]),
    at(np.nan_to_num, [nan, inf, -inf, 1.0], [0.0, 0.0, 0.0, 1.0]),
    Edge(
        np.nan_to_num,
        (np.array([nan, inf, -inf, 1.0]),),
        (5.0, 6.0, 7.0),
        {"nan": 1.0, "posinf": 2.0, "neginf": 3.0},
        wrt=(1, 2, 3),
        g=np.array([5.0, 6.0, 7.0, 8.0]),
    ),
    # what was not chosen stays zero, whatever comes back
    Edge(
        np.where,
        (np.array([True, False]), np.ones(2), 0.0),
        (np.array([inf, 0.0]),),
        wrt=(1,),
        g=np.array([inf, inf]),
    ),
    Edge(
        np.where,
        (np.array([True, False]), 0.0, np.ones(2)),
        (np.array([0.0, nan]),),
        wrt=(2,),
        g=np.array([nan, nan]),
    ),
    Edge(np.where, (np.array([0.5, 0.0]), 1.0, 2.0), (np.zeros(2),), wrt=(0,), g=np.array([inf, nan])),
    Edge(np.maximum, (np.array([-1.0, 1.0]), 0.0), (np.array([0.0, inf]),), g=np.array([inf, inf])),
    Edge(np.clip, (np.array([-1.0, 0.5]), 0.0, 1.0), (np.array([0.0, inf]),), g=np.array([inf, inf])),
    Edge(np.nan_to_num, (np.array([nan, 0.5]),), (np.array([0.0, inf]),), g=np.array([inf, inf])),
    # complex numbers: du/dx - i du/dy
    at(np.absolute, [0j, 3 + 4j], [0j, 0.6 - 0.8j]),
    at(np.angle, [0.0, -1.0], [0.0, 0.0]),
    at(np.angle, [0j, 1 + 1j, 2j], [0j, -0.5 - 0.5j, -0.5]),
    at(np.sign, [0j, 3 + 4j], [0j, 0.128 + 0.096j]),
    at(np.conjugate, [1 + 2j], [1 + 0j]),
    at(np.real, [1 + 2j], [1 + 0j]),
    at(np.imag, [1 + 2j], [-1j]),
    at(np.imag, [1.0], [0.0]),
    at(np.log, [-1 + 0j], [-1 + 0j]),
    at(np.sqrt, [-1 + 0j], [-0.5j]),
    at(np.real_if_close, [1 + 2j], [1 + 0j]),
    at(np.real_if_close, [1 + 0j], [1 + 0j]),
    # nothing
    *[at(f, [], []) for f in (np.sin, np.absolute, np.sinc, np.i0)],
    at(np.power, ([], 2), []),
    at(np.power, ([], []), [], []),
    at(np.maximum, ([], 0.0), []),
    at(np.clip, ([], 0.0, 1.0), []),
]
