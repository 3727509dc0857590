"""A tape: what ran, in order. Walk it, print it, ask it for gradients, run it again, draw it.

python examples/tape.py [--out demo]
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

import tapeless as tl


def pendulum(angle: tl.Tensor, speed: tl.Tensor, steps: int) -> tl.Tensor:
    for _ in range(steps):
        speed = speed - 0.1 * tl.sin(angle)
        angle = angle + 0.1 * speed
    return angle


def main() -> None:
    parser = argparse.ArgumentParser(description="record a pendulum")
    parser.add_argument("--out", type=Path, default=Path("demo"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    angle, speed = tl.tensor(1.0, dtype=tl.float64), tl.tensor(0.0, dtype=tl.float64)
    with tl.Tape(persistent=True) as tape:
        tape.watch(angle=angle, speed=speed)
        end = pendulum(angle, speed, steps=3)

    print(tape)
    print("how often:", dict(Counter(entry.name for entry in tape)))
    print("first line recorded:", tape[0].line.text)

    slopes = tape.gradient(end, {"angle": angle, "speed": speed})
    print("d end:", {name: round(slope.item(), 6) for name, slope in slopes.items()})

    def again(a: float, s: float) -> float:
        return float(tape.replay(np.float64(a), np.float64(s)))

    assert again(1.0, 0.0) == end.item()
    differences = (again(1.0 + 1e-6, 0.0) - again(1.0 - 1e-6, 0.0)) / 2e-6
    np.testing.assert_allclose(slopes["angle"].item(), differences, rtol=1e-6)
    print("started at angle 0.5:", round(again(0.5, 0.0), 6))
    print("drawn to", tape.draw(out / "tape.svg"))


if __name__ == "__main__":
    main()
