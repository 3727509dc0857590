"""A machine that knows every construct."""

from __future__ import annotations

from tapeless.source.lower import (
    arithmetic,
    containers,
    conversions,
    dict_methods,
    expressions,
    folds,
    list_methods,
    methods,
    puts,
    reflection,
    statements,
)
from tapeless.source.lower.calls import call
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.objects import class_attribute

# Importing them fills the tables.
REGISTERED = (
    arithmetic, containers, conversions, dict_methods, expressions, folds, list_methods, methods, puts,
    reflection, statements,
)  # fmt: skip


def reader() -> Machine:
    """A machine at the start of a program."""
    m = Machine()
    m.call = call
    m.method = lambda owner, name: class_attribute(m, owner, name)
    return m
