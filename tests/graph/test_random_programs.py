"""Random NumPy programs: Arrays give NumPy's values and dtypes, and the gradients that differences give.

A program is a list of lines of source.  Only lines that NumPy runs, with moderate finite results, are kept.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

import tapeless as tl

POINTWISE = [
    "np.sin({a})", "np.exp({a} * 0.3)", "np.tanh({a})", "np.sqrt(np.abs({a}) + 0.5)", "{a} ** 2", "-{a}",
    "np.abs({a})", "1.0 / (2.0 + {a} * {a})", "np.square({a})", "np.arctan({a})", "{a}.clip(-0.5, 0.8)",
    "np.log1p({a} * {a})", "np.cosh({a} * 0.2)", "{a} * True", "{a} + 2", "np.where({a} > 0.5, {a}, 0.25)",
    "np.nan_to_num({a})", "np.sinc({a})", "np.heaviside({a}, 0.5) * {a}", "{a}.copy()",
    "np.cbrt({a} + 3.0)", "{a}.astype(np.float32)", "np.round({a}, 1) + {a}", "{a} % 0.7",
    "np.logaddexp({a}, 0.1)",
]  # fmt: skip
PAIRS = [
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / (2.0 + {b} * {b})", "np.maximum({a}, {b})",
    "{b} * {b} - {a}", "np.minimum({a}, {b} * 0.9)", "np.hypot({a}, {b} + 2.0)",
    "np.arctan2({a}, 1.5 + {b} ** 2)", "np.where({a} > {b}, {a}, {b})", "{a} @ {b}", "np.outer({a}, {b})",
    "np.dot({a}, {b})", "np.matmul({a}, {b}.T)", "np.inner({a}, {b})", "np.kron({a}, {b})",
    "np.tensordot({a}, {b}, 1)", "np.einsum('ij,kj->ik', {a}, {b})", "np.einsum('i,i', {a}, {b})",
    "np.concatenate([{a}, {b}, {a}])", "np.stack([{a}, {b}])", "np.vstack([{a}, {b}])",
    "np.hstack([{b}, {a}])", "np.append({a}, {b})", "np.array([{a}, {b}], like=x)",
    "np.power(2.0 + {a} * {a}, {b})", "np.copysign({a}, {b})", "np.add.outer({a}, {b})",
    "np.cross({a}, {b})", "np.convolve({a}, {b})",
]  # fmt: skip
REDUCTIONS = [
    "np.sum({a}, axis={i})", "np.mean({a}, axis={i}, keepdims=True)", "np.max({a}, axis={i})",
    "np.min({a})", "np.prod({a}, axis={i})", "np.std({a}, axis={i})", "np.var({a})",
    "np.cumsum({a}, axis={i})", "np.ptp({a})", "np.cumprod({a}, axis={i})", "np.sort({a}, axis={i})",
    "np.linalg.norm({a})", "np.median({a})", "{a}.sum()", "np.add.reduce({a})",
    "np.multiply.accumulate({a})", "np.diff({a}, axis={i})", "np.trace({a})", "{a}.mean({i})",
    "np.max({a}, axis={i}, keepdims=True)", "np.average({a}, axis={i})", "np.percentile({a}, 30.0)",
]  # fmt: skip
SHAPES = [
    "{a}.reshape(-1)", "{a}.T", "{a}[None]", "{a}[..., ::-1]", "{a}[1:]", "{a}[0]", "{a}[-1:]",
    "{a}[[0, -1, 0]]", "{a}[{a} > 0.6]", "{a}[..., 0]", "np.split({a}, 2)[1]", "np.repeat({a}, 2)",
    "np.tile({a}, 2)", "np.roll({a}, 1)", "np.flip({a}, {i})", "np.moveaxis({a}, 0, -1)",
    "np.expand_dims({a}, {i})", "np.broadcast_to({a}, (2, *{a}.shape))", "np.diag({a})",
    "np.take({a}, [0, 0, 1])", "np.pad({a}, 1)", "np.squeeze({a})", "{a}.ravel()", "{a}.flatten()",
    "np.swapaxes({a}, 0, -1)", "np.tril({a})", "np.delete({a}, 0)", "np.rot90({a})", "{a}[::2]",
    "{a}[..., 1:]", "np.diagonal({a})", "np.atleast_2d({a})", "np.insert({a}, 1, 0.3)",
    "np.zeros_like({a})", "{a}[...]", "np.take_along_axis({a}, np.argsort({a}, {i}), {i})",
    "{a}[np.newaxis, ..., None]",
]  # fmt: skip
WRITES = [
    "np.split({a}, 2)[1][...] *= {b}", "np.split({a}, [1])[0][:] = {b}", "{a}[...] = {b}",
    "{a}[0] = {a}[-1]", "{a}[1:] += {a}[:-1]", "{a} *= {a}", "{a} -= 0.5", "{a} += {b}", "{a} /= 2",
    "{a}[[0, -1]] = {b}", "{a}[{a} > 0.5] = {b}", "{a}[{a} > 0.5] *= 0.5", "{a}[..., 0] = {b}",
    "{a} *= {b}", "np.add.at({a}, [0, 0], {b})", "np.multiply({b}, {b}, out={a})", "np.sin({a}, out={a})",
    "{a}[...] = 0.4", "{a}[::2] -= {b}", "{a}[...] = {a}[..., ::-1]", "{a}.T[...] = {b}",
    "np.copyto({a}, {b})", "{a} **= 2", "{a}[0] *= {b}", "{a}[-1] = {a}[0] * {b}", "{a} -= {a}.mean()",
    "np.maximum({a}, 0.3, out={a})", "{a}.flat[1] = 0.2", "np.put({a}, [0, 1], {b})", "{a}[0] += 1.0",
    "np.fill_diagonal({a}, {b})", "{a} = {a} + {b}", "np.add({a}, {b}, out={a}, where={a} > 0.5)",
    "{a}.sort()",
]  # fmt: skip
EPS = 1e-6


def random_program(seed):
    """Lines that NumPy runs."""
    draw = random.Random(seed)
    shape = draw.choice([(3,), (4,), (2, 3), (3, 3), (2, 2, 2), (1, 4)])
    x = np.random.default_rng(seed).uniform(-1.0, 1.2, shape)
    lines = ["t0 = x * 1.0", "t1 = np.cos(x)"]
    wanted = draw.randint(4, 10)
    for _ in range(60):
        if len(lines) >= wanted:
            break
        names = sorted(set(run(lines, x)))
        pool = draw.choice([POINTWISE, PAIRS, REDUCTIONS, SHAPES, SHAPES, WRITES, WRITES, WRITES])
        line = draw.choice(pool).format(a=draw.choice(names), b=draw.choice(names), i=draw.choice([0, -1, 1]))
        trial = [*lines, line if pool is WRITES else f"t{len(lines)} = {line}"]
        if is_fine(trial, x):
            lines = trial
    return lines, x


def run(lines, x):
    """The variables that a program leaves."""
    variables = {"np": np, "x": x}
    for line in lines:
        exec(line, variables)
    return {name: value for name, value in variables.items() if name.startswith("t")}


def is_fine(lines, x):
    try:
        found = run(lines, x)
    except Exception:
        return False
    return all(
        isinstance(one, np.ndarray | np.floating)
        and one.dtype.kind == "f"
        and one.size <= 40
        and np.all(np.abs(one) < 50.0)
        for one in found.values()
    )


def loss(found):
    """Every element of every variable counts, each with a weight of its own."""
    total = 0.0
    for name in sorted(found):
        value = found[name]
        weights = np.cos(np.arange(1.0, value.size + 1.0) * len(name) + int(name[1:])).reshape(value.shape)
        total = total + np.sum(value * weights)
    return total


def slope(f, x, step):
    """The derivative of `f` along a step; None at a kink."""
    middle, up, down = f(x), f(x + EPS * step), f(x - EPS * step)
    left, right = (middle - down) / EPS, (up - middle) / EPS
    smooth = abs(right - left) <= 2e-3 * (1.0 + abs(left) + abs(right))
    return (up - down) / (2.0 * EPS) if smooth else None


def is_precise(lines):
    return not any("float32" in line or "np.round" in line for line in lines)


@pytest.mark.parametrize("seed", range(250))
def test_a_random_program_gives_the_values_and_gradients_that_numpy_and_differences_give(seed):
    lines, x = random_program(seed)
    a = tl.Array(x, requires_grad=True)

    found = run(lines, a)

    expected = run(lines, x)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].detach()._data, value, 1e-13, err_msg=f"{name} of {lines}")
        assert found[name].dtype == value.dtype, f"{name} of {lines}"
    (g,) = tl.autograd.grad(loss(found), a, allow_unused=True, materialize_grads=True)
    assert (g.shape, g.dtype) == (x.shape, x.dtype)
    if is_precise(lines):
        for place in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[place] = 1.0
            numeric = slope(lambda v: loss(run(lines, v)), x, step)
            if numeric is not None:
                np.testing.assert_allclose(g._data[place], numeric, rtol=1e-4, atol=1e-5, err_msg=str(lines))


@pytest.mark.parametrize("seed", range(500, 600))
def test_second_derivatives_of_a_random_program_are_differences_of_its_gradients(seed):
    lines, x = random_program(seed)
    if not is_precise(lines):
        return
    step = np.random.default_rng(seed).standard_normal(x.shape)
    direction = np.random.default_rng(seed + 1).standard_normal(x.shape)

    def projected(values, create_graph=False):
        a = tl.Array(values, requires_grad=True)
        (g,) = tl.autograd.grad(
            loss(run(lines, a)), a, create_graph=create_graph, allow_unused=True, materialize_grads=True
        )
        return a, np.sum(g * step)

    a, first = projected(x, create_graph=True)
    second = np.zeros_like(x)
    if first.requires_grad:
        second = tl.autograd.grad(first, a, allow_unused=True, materialize_grads=True)[0].detach()._data
    numeric = slope(lambda v: projected(v)[1].detach().item(), x, direction)

    if numeric is not None:
        np.testing.assert_allclose(
            np.sum(second * direction), numeric, rtol=1e-3, atol=1e-4, err_msg=str(lines)
        )


@pytest.mark.parametrize("seed", range(1000, 1100))
def test_forward_mode_on_a_random_program_agrees_with_backward(seed):
    lines, x = random_program(seed)
    a = tl.Array(x, requires_grad=True)
    (g,) = tl.autograd.grad(loss(run(lines, a)), a, allow_unused=True, materialize_grads=True)
    step = np.random.default_rng(seed).standard_normal(x.shape)

    with tl.autograd.forward_ad.dual_level():
        dual = tl.autograd.forward_ad.make_dual(tl.Array(x), tl.Array(step))
        tangent = tl.autograd.forward_ad.unpack_dual(loss(run(lines, dual))).tangent

    found = 0.0 if tangent is None else tangent.item()
    atol = 1e-9 if is_precise(lines) else 1e-5
    np.testing.assert_allclose(found, np.sum(g._data * step), rtol=1e-5, atol=atol, err_msg=str(lines))


def test_programs_are_random_and_mostly_long():
    lengths = [len(random_program(seed)[0]) for seed in range(40)]

    assert min(lengths) >= 3
    assert sum(lengths) / len(lengths) > 5.0
