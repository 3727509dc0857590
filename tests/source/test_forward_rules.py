"""Every sample of the table in forward mode: against differences, twice; float32 stays float32."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tapeless.ir.check import check
from tapeless.ir.program import Const, Let, Program, Return, Var, build_list, build_tuple
from tapeless.source.facts import fact_of
from tapeless.source.forward import forward
from tests.ir.evaluate import evaluate
from tests.rules.harness import EPS, Call, inner, numerical_jvp
from tests.rules.sample import Sample
from tests.rules.samples import SAMPLES
from tests.rules.test_first_order import as_complex, draw_tangents
from tests.rules.test_second_order import TWICE


def called(call: Call, function: Any) -> tuple[Program, tuple[str, ...]]:
    """The call as a program of one operation; its differentiated leaves are the parameters."""
    body: list[Let] = []
    params: list[str] = []

    def atom(value: Any) -> Any:
        if isinstance(value, list | tuple):
            items = tuple([atom(item) for item in value])
            name = f"c{len(body)}"
            body.append(Let((name,), build_list if isinstance(value, list) else build_tuple, items))
            return Var(name)
        params.append(f"x{len(params)}")
        return Var(params[-1])

    rule = call.rule
    required = len(rule.params) - len(rule.defaults)
    args: list[Any] = []
    for position, value in enumerate(call.values[:required]):
        varies = position in call.wrt
        if rule.params[position] == rule.star:
            args.extend([atom(item) if varies else Const(item) for item in value])
        else:
            args.append(atom(value) if varies else Const(value))
    kwargs = []
    for position, default in zip(range(required, len(rule.params)), rule.defaults, strict=True):
        value = call.values[position]
        if position in call.wrt:
            kwargs.append((rule.params[position], atom(value)))
        elif value is not default:
            kwargs.append((rule.params[position], Const(value)))
    body.append(Let(("out",), function, tuple(args), tuple(kwargs)))
    return check(Program("f", tuple(params), tuple(body), Return((Var("out"),)))), tuple(params)


def pushed(call: Call, function: Any, primals: list[Any]) -> tuple[Program, Any, tuple[str, ...]]:
    program, wrt = called(call, function)
    facts = {name: fact_of(value, name) for name, value in zip(wrt, primals, strict=True)}
    made, facts = forward(program, facts, wrt)
    return check(made), facts, wrt


def tangents_of(program: Program, *values: Any) -> list[Any]:
    """The tangents of the results that have any."""
    primal, tangent = evaluate(program, *values)
    flat = outputs_of(primal), outputs_of(tangent)
    return [np.asarray(t) for p, t in zip(*flat, strict=True) if np.asarray(p).dtype.kind in "fc"]


def outputs_of(value: Any) -> list[Any]:
    return (
        [leaf for item in value for leaf in outputs_of(item)] if isinstance(value, list | tuple) else [value]
    )


def agree(call: Call, sample: Sample) -> None:
    tangents = draw_tangents(call, np.random.default_rng(11))
    made, _, _ = pushed(call, sample.function, call.primals)
    expected = numerical_jvp(call, tangents)

    found = tangents_of(made, *call.primals, *tangents)

    assert len(found) == len(expected)
    for got, wanted, out in zip(found, expected, call.run(call.primals), strict=True):
        assert (got.shape, got.dtype) == (out.shape, out.dtype)
        np.testing.assert_allclose(got, wanted, rtol=sample.rtol, atol=1e-6)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_tangents_agree_with_differences(sample: Sample) -> None:
    agree(Call(sample), sample)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.complex], ids=str)
def test_tangents_of_holomorphic_functions(sample: Sample) -> None:
    agree(Call(sample, as_complex), sample)


@pytest.mark.parametrize("sample", TWICE, ids=str)
def test_tangents_of_tangents_agree_with_differences(sample: Sample) -> None:
    call = Call(sample)
    rng = np.random.default_rng(12)
    first, second = draw_tangents(call, rng), draw_tangents(call, rng)
    made, facts, wrt = pushed(call, sample.function, call.primals)
    tangent = replace(made, exit=Return((made.exit.values[-1],)))
    twice, _ = forward(tangent, facts, wrt)
    up, down = (
        tangents_of(made, *[p + s * EPS * t for p, t in zip(call.primals, second, strict=True)], *first)
        for s in (1.0, -1.0)
    )

    found = tangents_of(check(twice), *call.primals, *first, *second)

    for got, a, b in zip(found, up, down, strict=True):
        wanted = (a - b) / (2 * EPS)
        scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
        np.testing.assert_allclose(got, wanted, rtol=max(sample.rtol, 1e-5), atol=3e-6 * scale)
    assert np.isfinite(inner(found, found))
