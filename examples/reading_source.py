"""Generated source: print it, ask for it, stop in it, and keep it in a file of its own."""

import inspect
import sys
from types import FrameType
from typing import Any

import numpy as np

import tapeless as tl


def cooling(heat: float, steps: int) -> float:
    for _ in range(steps):
        heat = heat - 0.1 * heat * np.abs(heat)
    return heat


def steps_through(call: Any) -> list[str]:
    """What a debugger sees: each line of generated code that runs, and the cotangent of `heat` before it."""
    seen: list[str] = []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith("<tapeless"):
            return None
        if event == "line":
            lines = inspect.getsource(frame.f_code).splitlines()
            cotangent = frame.f_locals.get("dheat")
            shown = "" if cotangent is None else f"   # dheat = {float(cotangent):.4f}"
            seen.append(lines[frame.f_lineno - 1] + shown)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return seen


def main() -> None:
    gradient = tl.grad(cooling)
    value = gradient(2.0, 2)
    print(gradient.source)
    print("what it was made from and for:", *str(gradient.explain()).splitlines()[:4], sep="\n")
    print("\nforward and backward apart:", gradient.forward.source, gradient.backward.source, sep="\n")

    print("line by line, for two steps:")
    seen = steps_through(lambda: gradient(2.0, 2))
    print("\n".join(seen))

    # By hand: 2 -> 1.6 -> 1.344, and each step multiplies the derivative by 1 - 0.2 heat.
    np.testing.assert_allclose(value, (1.0 - 0.2 * 2.0) * (1.0 - 0.2 * 1.6), rtol=1e-14)
    assert any("return" in line for line in seen), "the debugger should have reached the end"


if __name__ == "__main__":
    main()
