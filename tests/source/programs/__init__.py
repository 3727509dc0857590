"""Ordinary functions that the source road must differentiate: one file a theme."""

from tests.source.programs import (
    aliases,
    arithmetic,
    branches,
    calls,
    copies,
    dtypes,
    everyday,
    exits,
    indexing,
    library,
    lists,
    loops,
    methods,
    names,
    nested,
    objects,
    puts,
    statements,
    tricky,
    tuples_and_dicts,
    typed_in,
    writes,
)
from tests.source.programs.registry import REGISTERED, Program

THEMES = (
    aliases,
    arithmetic,
    branches,
    calls,
    copies,
    dtypes,
    everyday,
    exits,
    indexing,
    library,
    lists,
    loops,
    methods,
    names,
    nested,
    objects,
    puts,
    statements,
    tricky,
    tuples_and_dicts,
    typed_in,
    writes,
)

PROGRAMS: tuple[Program, ...] = tuple(REGISTERED.values())
