"""The table is closed, and most of it is inlined."""

from __future__ import annotations

import inspect
import types

import gast
import pytest

import tapeless.rules  # noqa: F401  (fills the table)
from tapeless.ir.lower import environment
from tapeless.rules import table
from tapeless.rules.slices import _syntax_tree, is_inlined

DIFFERENTIABLE = [
    rule
    for rule in table.rules()
    if rule.derivative is not None and rule.derivative.__module__.startswith("tapeless.")
]


def unknown_callees(function, seen):
    """Callees without a row; a plain function of the rules' own is looked into."""
    for callee in called_functions(function):
        if (
            callee in seen
            or not callable(callee)
            or inspect.isclass(callee)
            or table.find(callee) is not None
        ):
            continue
        seen.add(callee)
        if getattr(callee, "__module__", "").startswith("tapeless.rules") and not hasattr(
            callee, "on_arrays"
        ):
            yield from unknown_callees(callee, seen)
        elif getattr(callee, "__module__", None) not in ("builtins", "math", "operator"):
            yield callee


def called_functions(function):
    """The functions that a text calls by a name that can be resolved in advance."""
    env = environment(function)
    tree = _syntax_tree(function)
    for node in gast.walk(gast.Module(tree.body if isinstance(tree.body, list) else [tree.body], [])):
        if not isinstance(node, gast.Call):
            continue
        path = []
        callee = node.func
        while isinstance(callee, gast.Attribute):
            path.append(callee.attr)
            callee = callee.value
        if not isinstance(callee, gast.Name) or callee.id not in env:
            continue
        value = env[callee.id]
        for name in reversed(path):
            value = getattr(value, name, None)
        yield value


@pytest.mark.parametrize("rule", DIFFERENTIABLE, ids=lambda rule: rule.name)
def test_every_function_that_a_rule_calls_has_a_rule(rule):
    written = [rule.derivative] + ([rule.pushforward] if rule.pushforward else [])

    assert [callee for function in written for callee in unknown_callees(function, set())] == []


def test_rules_are_inlined_unless_they_branch():
    called_whole = sorted(rule.name for rule in DIFFERENTIABLE if not is_inlined(rule))

    for name in called_whole:
        rule = next(rule for rule in DIFFERENTIABLE if rule.name == name)
        kinds = {type(node) for node in gast.walk(_syntax_tree(rule.derivative))}
        branches = kinds & {
            gast.If,
            gast.IfExp,
            gast.For,
            gast.ListComp,
            gast.GeneratorExp,
            gast.BoolOp,
            gast.Starred,
        }
        assert branches or rule.star, name


def test_rules_read_no_attribute_of_a_value():
    for rule in DIFFERENTIABLE:
        params = set(inspect.signature(rule.derivative).parameters)
        for node in gast.walk(_syntax_tree(rule.derivative)):
            if isinstance(node, gast.Attribute) and isinstance(node.value, gast.Name):
                assert node.value.id not in params, f"{rule.name} reads {node.value.id}.{node.attr}"


def test_nothing_in_the_table_is_a_module():
    assert not [rule for rule in table.rules() if isinstance(rule.function, types.ModuleType)]
