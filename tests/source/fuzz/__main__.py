"""`python -m tests.source.fuzz --programs 10000 --seed 0`: many random programs; prints those that fail."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.source.fuzz.checks import MismatchError, agree
from tests.source.fuzz.statements import HELPERS, UNREADABLE, programs

BATCH = 100


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.source.fuzz")
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-tape", action="store_true")
    parser.add_argument("--unreadable", action="store_true", help="calls that are left to the graph")
    options = parser.parse_args(arguments)
    refusals: Counter[str] = Counter()
    failures: set[str] = set()
    run = 0
    for batch in range(-(-options.programs // BATCH)):
        asked, failure = one_batch(
            options.seed + batch, refusals, tape=not options.no_tape, unreadable=options.unreadable
        )
        run += asked
        if failure is not None and failure not in failures:
            failures.add(failure)
            print(f"--- seed {options.seed + batch}\n{failure}\n", flush=True)
    print(f"{run} programs, {sum(refusals.values())} refused, {len(failures)} distinct failures")
    for reason, count in refusals.most_common(20):
        print(f"{count:6} {reason}")
    return 1 if failures else 0


def one_batch(start: int, refusals: Counter[str], *, tape: bool, unreadable: bool) -> tuple[int, str | None]:
    """A hundred programs; the first that fails, made small."""
    asked = 0

    @seed(start)
    @settings(
        max_examples=BATCH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(programs())
    def check(text: str) -> None:
        nonlocal asked
        text = text.replace(HELPERS, UNREADABLE) if unreadable else text
        mode = "auto" if unreadable else "source"
        refused = agree(text, second=len(text) % 3 == 0, tape=tape, mode=mode)
        asked += 1
        if refused is not None:
            refusals[refused.splitlines()[-1]] += 1

    try:
        check()
    except Exception as found:  # an error of any kind is a finding
        notes = "\n".join(getattr(found, "__notes__", ()))
        return asked, str(found) if isinstance(found, MismatchError) else f"{found!r}\n{notes}"
    return asked, None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
