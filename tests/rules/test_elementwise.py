"""What is special to the elementwise functions: refusals, accuracy, what generated code looks like."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tapeless.rules  # noqa: F401  (fills the table)
from tapeless.errors import MissingRuleError
from tapeless.rules import table
from tapeless.rules.pullback import pullback
from tapeless.rules.smooth import bessel_i, exp_share, power_derivative, sinc_derivative


@pytest.mark.parametrize(
    ("function", "args", "keywords", "named"),
    [
        (np.add, (1.0, 2.0), {"where": np.array(False)}, "where"),
        (np.multiply, (1.0, 2.0), {"dtype": np.float32}, "dtype"),
        (np.sin, (1.0, np.zeros(())), {}, "out"),
        (np.clip, (1.0, 0.0, 2.0, np.zeros(())), {}, "out"),
        (np.clip, (1.0,), {"min": 0.0, "casting": "unsafe"}, "casting"),
        (np.nan_to_num, (np.ones(2), False), {}, "copy"),
        (np.nan_to_num, (np.ones(2) * 1j,), {}, "complex numbers"),
    ],
)
def test_arguments_that_a_rule_does_not_know_are_refused_by_name(function, args, keywords, named):
    with pytest.raises(MissingRuleError, match=named):
        table.lookup(function).bind(args, keywords)


@pytest.mark.parametrize("function", [np.where, np.maximum, np.clip, np.nan_to_num])
def test_a_choice_chooses_from_the_cotangent_and_never_multiplies_it(function):
    rule = table.lookup(function)
    differentiated = "x" if "x" in rule.params else rule.params[0]
    needs = tuple(name == differentiated for name in rule.params)

    source = pullback(rule, needs, False).source

    assert "np.where(" in source
    assert "g * np." not in source


def test_every_ufunc_has_a_row():
    ufuncs = {name: value for name in dir(np) if isinstance(value := getattr(np, name), np.ufunc)}

    assert [name for name, ufunc in ufuncs.items() if table.find(ufunc) is None] == []


def test_bessel_functions_are_accurate_near_and_far():
    # Abramowitz and Stegun, tables 9.8 and 9.9, and by the ratio of the first terms near zero
    assert float(bessel_i(1.0, 1)) == pytest.approx(0.565159103992485, rel=1e-15)
    assert float(bessel_i(2.0, 2)) == pytest.approx(0.688948447698738, rel=1e-14)
    assert float(bessel_i(1e-8, 1)) == pytest.approx(5e-9, rel=1e-15)
    assert float(bessel_i(-1e-8, 1)) == pytest.approx(-5e-9, rel=1e-15)
    np.testing.assert_allclose(
        bessel_i(np.array([3.0, 29.0, 31.0, 500.0]), 0), np.i0([3.0, 29.0, 31.0, 500.0]), rtol=1e-13
    )


def test_bessel_functions_obey_their_recurrence_where_series_and_asymptote_meet():
    x = np.array([29.9, 30.1, 36.5, 60.0])

    np.testing.assert_allclose(bessel_i(x, 1) - bessel_i(x, 3), 4.0 / x * bessel_i(x, 2), rtol=1e-13)


@pytest.mark.parametrize("order", range(1, 7))
def test_sinc_derivatives_join_where_the_series_ends(order):
    border = (1.0 + 0.5 * order) / math.pi
    inside, outside = (
        sinc_derivative(border * (1 - 1e-15), order),
        sinc_derivative(border * (1 + 1e-15), order),
    )

    assert float(inside) == pytest.approx(float(outside), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_derivatives_keep_the_precision_of_their_argument(dtype):
    x = np.array([0.25, 0.5, 2.0], dtype)
    results = [
        bessel_i(x, 1),
        sinc_derivative(x, 2),
        exp_share(x, x),
        *[power_derivative(x, exponent, 1, 0) for exponent in (2, 0, 1, 0.5, -1.5, 3.0, x)],
        power_derivative(x, x, 1, 1),
    ]

    assert {result.dtype for result in results} == {np.dtype(dtype)}


def test_infinite_cotangents_of_python_floats_raise_nothing():
    with np.errstate(all="ignore"):
        for function, expected in ((np.log, math.inf), (np.sqrt, math.inf), (np.arcsin, 1.0)):
            rule = table.lookup(function)
            cut = pullback(rule, (True,), False)

            assert cut.on_arrays(1.0, *cut.keep((0.0,), function(0.0))) == expected
