"""Programs that the source road refuses, in which way: each says so, and never gives a wrong derivative."""

from __future__ import annotations

REFUSED: dict[str, tuple[str, ...]] = {
    "tricky.view_and_base_swapped_and_written": ("primal", "reverse", "pullback", "twice", "mixed"),
    "tricky.view_or_base_chosen_and_written": ("primal", "reverse", "pullback", "twice", "mixed"),
    "bundle_adjustment_turned": ("twice",),
    "dtypes.fortran_order": (
        "primal",
        "reverse",
        "pullback",
        "twice",
        "mixed",
    ),
    "everyday.weighted_votes": (
        "primal",
        "reverse",
        "pullback",
        "twice",
        "mixed",
    ),
    "kalman_filter": (
        "pullback",
        "forward",
        "mixed",
    ),
    "n_body_objects": (
        "primal",
        "reverse",
        "pullback",
        "forward",
        "twice",
        "mixed",
    ),
    "tricky.alias_carried_by_a_loop": (
        "primal",
        "reverse",
        "pullback",
        "twice",
        "mixed",
    ),
    "tricky.alias_chosen_by_condition": (
        "primal",
        "reverse",
        "pullback",
        "twice",
        "mixed",
    ),
    "tricky.alias_chosen_in_a_branch": (
        "primal",
        "reverse",
        "pullback",
        "twice",
        "mixed",
    ),
    "tricky.loop_with_history_of_an_array_written": (
        "primal",
        "reverse",
        "pullback",
        "twice",
        "mixed",
    ),
    "tricky.recursion_that_writes": (
        "primal",
        "reverse",
        "pullback",
        "forward",
        "twice",
        "mixed",
    ),
    "tricky.sum_of_views_of_one_array": (
        "primal",
        "reverse",
        "pullback",
        "twice",
        "mixed",
    ),
    "tuples_and_dicts.star_in_a_literal": (
        "primal",
        "reverse",
        "pullback",
        "forward",
        "twice",
        "mixed",
    ),
}
