"""Calls of losses whose values and gradients PyTorch gave (loss_values.json, made by make_loss_values.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Case = tuple[str, tuple[np.ndarray, ...], tuple[int, ...], dict[str, Any]]


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Fixed float64 numbers between -scale and scale, the same everywhere."""
    return scale * np.sin(np.arange(1, int(np.prod(shape)) + 1) * 1.7 + seed).reshape(shape)


def chances(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers between 0.05 and 0.95."""
    return 0.5 + 0.45 * numbers(*shape, seed=seed)


def signs(*shape: int) -> np.ndarray:
    return np.where(numbers(*shape, seed=5) > 0, 1.0, -1.0)


def plain_cases() -> Iterator[Case]:
    """Each loss, its inputs, which of them are differentiated, and options but the reduction."""
    x, y = numbers(2, 3, scale=2.0), numbers(2, 3, seed=1)
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        yield name, (x, y), (0, 1), {}
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        yield name, (x, y), (0, 1), {"weight": chances(2, 3, seed=2)}
    yield "smooth_l1_loss", (x, y), (0, 1), {"beta": 0.5}
    yield "smooth_l1_loss", (x, y), (0, 1), {"beta": 0.0}
    yield "huber_loss", (x, y), (0, 1), {"delta": 0.7}
    p, q = chances(2, 3), chances(2, 3, seed=1)
    weights = {"weight": chances(3, seed=2)}
    yield "binary_cross_entropy", (p, q), (0, 1), {}
    yield "binary_cross_entropy", (p, q), (0, 1), weights
    yield "binary_cross_entropy_with_logits", (x, q), (0, 1), {}
    yield "binary_cross_entropy_with_logits", (x, q), (0, 1), weights | {"pos_weight": 3 * chances(3, seed=3)}
    yield "binary_cross_entropy_with_logits", (1e4 * x, q), (0, 1), {}
    yield "kl_div", (x, q), (0, 1), {}
    yield "kl_div", (x, y), (0, 1), {"log_target": True}
    yield "poisson_nll_loss", (x, 4 * q), (0, 1), {}
    yield "poisson_nll_loss", (p, 4 * q), (0, 1), {"log_input": False, "full": True}
    yield "gaussian_nll_loss", (x, y, p), (0, 1, 2), {}
    yield "gaussian_nll_loss", (x, y, p), (0, 1, 2), {"full": True, "eps": 0.5}
    yield "gaussian_nll_loss", (x, y, p[:, 0]), (0, 1, 2), {}
    yield "hinge_embedding_loss", (x, signs(2, 3)), (0,), {"margin": 0.8}
    yield "margin_ranking_loss", (x, y, signs(2, 3)), (0, 1), {"margin": 0.3}
    yield "cosine_embedding_loss", (x, y, np.array([1.0, -1.0])), (0, 1), {"margin": 0.2}
    yield "triplet_margin_loss", (x, y, p), (0, 1, 2), {}
    yield "triplet_margin_loss", (x, y, p), (0, 1, 2), {"swap": True, "p": 1.0, "margin": 2.0}


def class_cases() -> Iterator[Case]:
    """The losses of classes: one sample, several, pictures; with every option."""
    for shape in ((4,), (3, 4), (2, 4, 3)):
        count = int(np.prod(shape)) // 4
        labels = (np.arange(count) * 7 % 4).reshape(
            (*shape[:-2], *shape[2:]) if len(shape) > 2 else shape[:-1]
        )
        holes = np.where(labels == 3, -100, labels)
        x, weights = numbers(*shape, scale=3.0), {"weight": chances(4, seed=2)}
        for name in ("cross_entropy", "nll_loss"):
            yield name, (x, labels), (0,), {}
            yield name, (x, labels), (0,), weights
            yield name, (x, holes), (0,), weights
            yield name, (x, labels), (0,), {"ignore_index": 3}
        yield "cross_entropy", (x, holes), (0,), {"label_smoothing": 0.1}
        yield "cross_entropy", (x, holes), (0,), weights | {"label_smoothing": 0.3}
        yield "cross_entropy", (x, chances(*shape)), (0, 1), {}
        yield "cross_entropy", (x, chances(*shape)), (0, 1), weights | {"label_smoothing": 0.2}
    yield "cross_entropy", (numbers(3, 4, scale=1e4), np.array([0, 3, 1])), (0,), {}


def cases() -> Iterator[tuple[str, Case]]:
    """All of them with each reduction, under names."""
    for number, (name, args, wrt, options) in enumerate([*plain_cases(), *class_cases()]):
        for reduction in ("none", "sum", "mean"):
            yield f"{number}-{name}-{reduction}", (name, args, wrt, options | {"reduction": reduction})
    x, y = numbers(2, 3), chances(2, 3, seed=1)
    yield "kl_div-batchmean", ("kl_div", (x, y), (0, 1), {"reduction": "batchmean"})
    yield "cosine_similarity", ("cosine_similarity", (x, numbers(1, 3, seed=4)), (0, 1), {})
    yield "pairwise_distance", ("pairwise_distance", (x, y), (0, 1), {"p": 1.5, "keepdim": True})


def cotangent(shape: tuple[int, ...]) -> np.ndarray:
    """What the losses are weighed with before they are added up."""
    return np.cos(np.arange(int(np.prod(shape)))).reshape(shape)
