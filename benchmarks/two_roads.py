"""Where the roads meet: layers as graph functions, and calls that are recorded within source.

    python benchmarks/two_roads.py [--repeat 15]

One process, one thread, repetitions interleaved, medians.  First a step of the demo's perceptron (64, 128, 10
units, batch of 32, float32): its layers recorded operation by operation as they stand and in the words of
Tensors, its two layers as functions, the whole as one, by hand in NumPy.
Then a call that cannot be read, in a function that can: beside the same call on the graph alone.
"""

# ruff: noqa: E402  (the number of threads is set before NumPy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import statistics
import timeit
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tapeless as tl

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(32, 64)).astype(np.float32)
LABELS = rng.integers(0, 10, 32)
SHAPES = ((64, 128), (128,), (128, 10), (10,))
WEIGHTS = [(0.1 * rng.normal(size=shape)).astype(np.float32) for shape in SHAPES]
IMAGES_T, LABELS_T = tl.from_numpy(IMAGES), tl.from_numpy(LABELS)
TENSORS = [tl.from_numpy(weight.copy()).requires_grad_() for weight in WEIGHTS]


@tl.function
def hidden_layer(x: Any, w: Any, b: Any) -> Any:
    return np.maximum(x @ w + b, 0.0)


@tl.function
def cross_entropy(h: Any, w: Any, b: Any, labels: Any) -> Any:
    scores = h @ w + b
    scores = scores - np.max(scores, axis=1, keepdims=True)
    normaliser = np.log(np.sum(np.exp(scores), axis=1))
    return np.mean(normaliser - scores[np.arange(len(labels)), labels])


@tl.function
def whole(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, labels: Any) -> Any:
    return cross_entropy(hidden_layer(x, w1, b1), w2, b2, labels)


def by_functions() -> None:
    w1, b1, w2, b2 = TENSORS
    _finish(cross_entropy(hidden_layer(IMAGES_T, w1, b1), w2, b2, LABELS_T))


def as_one_function() -> None:
    _finish(whole(IMAGES_T, *TENSORS, LABELS_T))


def by_operations() -> None:
    w1, b1, w2, b2 = TENSORS
    hidden = hidden_layer.__wrapped__(IMAGES_T, w1, b1)
    _finish(cross_entropy.__wrapped__(hidden, w2, b2, LABELS_T))


def in_tensors_words() -> None:
    w1, b1, w2, b2 = TENSORS
    scores = tl.relu(IMAGES_T @ w1 + b1) @ w2 + b2
    scores = scores - scores.amax(1, keepdim=True)
    _finish((scores.exp().sum(1).log() - scores[tl.arange(32), LABELS_T]).mean())


def _finish(loss: Any) -> None:
    loss.backward()
    for tensor in TENSORS:
        tensor.grad = None


def by_hand() -> tuple[np.ndarray, ...]:
    w1, b1, w2, b2 = WEIGHTS
    hidden = np.maximum(IMAGES @ w1 + b1, 0.0)
    scores = hidden @ w2 + b2
    weights = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    g = weights / np.add.reduce(weights, axis=1, keepdims=True)
    g[np.arange(32), LABELS] -= 1.0
    g /= len(LABELS)
    back = (g @ w2.T) * (hidden > 0.0)
    return IMAGES.T @ back, np.add.reduce(back, axis=0), hidden.T @ g, np.add.reduce(g, axis=0)


# A call that cannot be read -------------------------------------------------------------------------------


def pieces(x: Any) -> Iterator[Any]:
    yield x


def unreadable(x: Any) -> Any:
    return sum([np.sum(np.tanh(piece) * piece) for piece in pieces(x)])


def around(x: Any) -> Any:
    return unreadable(x)


VECTOR = rng.normal(size=10)
REGION, TAPE = tl.grad(around), tl.grad(unreadable, mode="tape")


def medians(runs: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Microseconds of one call."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(repeat):
        for name, run in runs.items():
            seconds[name].append(timeit.timeit(run, number=200) / 200)
    return {name: statistics.median(found) * 1e6 for name, found in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    step = medians(
        {
            "operation by operation": by_operations,
            "in the words of Tensors": in_tensors_words,
            "two functions": by_functions,
            "one function": as_one_function,
            "by hand": by_hand,
        },
        repeat,
    )
    print("one step of a perceptron      µs   of operation by operation (two functions: target 0.5)")
    for name, took in step.items():
        print(f"  {name:24}{took:8.1f}{took / step['operation by operation']:8.2f}")
    call = medians(
        {"recorded region": lambda: REGION(VECTOR), "the graph alone": lambda: TAPE(VECTOR)}, repeat
    )
    print("a call that cannot be read    µs")
    for name, took in call.items():
        print(f"  {name:24}{took:8.1f}")
    print(f"  {'more (target 5)':24}{call['recorded region'] - call['the graph alone']:8.1f}")


if __name__ == "__main__":
    main()
