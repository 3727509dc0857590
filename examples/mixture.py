"""A mixture of three Gaussians fitted to iris flowers: a plain NumPy loss, and Adam on a dict of arrays.

    python examples/mixture.py [--quick]

The species are never shown to it; in the end they are compared with the clusters. The likelihood is held
against that of scikit-learn, which climbs by expectation and maximisation.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture
from tqdm import tqdm

import tapeless as tl

Params = dict[str, np.ndarray]

CLUSTERS = 3
HEAD = 24


def log_densities(params: Params, x: np.ndarray) -> np.ndarray:
    """The logarithm of share times density: one row a flower, one column a cluster.

    The inverse of a covariance is F F', with F lower triangular; of its diagonal, which is positive, the
    logarithms are among the parameters.
    """
    raw = params["factors"]
    factors = np.tril(raw, -1) + np.exp(raw) * np.eye(x.shape[1])
    away = np.einsum("nkd,kde->nke", x[:, None] - params["means"], factors)
    shares = params["shares"] - np.log(np.sum(np.exp(params["shares"])))
    heights = shares + np.trace(raw, axis1=1, axis2=2) - 0.5 * x.shape[1] * np.log(2.0 * np.pi)
    return heights - 0.5 * np.sum(away**2, axis=2)


def loss(params: Params, x: np.ndarray) -> float:
    """Minus the mean log-likelihood of a flower."""
    each = log_densities(params, x)
    top = np.max(each, axis=1, keepdims=True)
    return -np.mean(top + np.log(np.sum(np.exp(each - top), axis=1, keepdims=True)))


def start(x: np.ndarray) -> Params:
    """Small, middle and large flowers: the mean and covariance of each third."""
    thirds = np.array_split(x[np.argsort(x.sum(axis=1))], CLUSTERS)
    factors = np.array([np.linalg.cholesky(np.linalg.inv(np.cov(third.T))) for third in thirds])
    diagonal = np.eye(x.shape[1], dtype=bool)
    return {
        "shares": np.zeros(CLUSTERS),
        "means": np.array([third.mean(axis=0) for third in thirds]),
        "factors": np.where(diagonal, np.log(np.where(diagonal, factors, 1.0)), factors),
    }


def fit(x: np.ndarray, steps: int) -> tuple[Params, str]:
    """The parameters, and the source of the function that gave the gradients."""
    params = start(x)
    value_and_grad = tl.value_and_grad(loss)
    optimizer = tl.optim.pure.Adam(lambda step: 0.05 * (1.0 - step / steps))
    state = optimizer.init(params)
    progress = tqdm(range(steps), unit="step")
    for _ in progress:
        value, grads = value_and_grad(params, x)
        params, state = optimizer.update(grads, state, params)
        progress.set_postfix(loss=f"{value:.4f}", refresh=False)
    return params, value_and_grad.source


def matched(clusters: np.ndarray, species: np.ndarray) -> np.ndarray:
    """The table of species and clusters, the clusters in the order that fits best."""
    counts = np.zeros((3, CLUSTERS), np.int64)
    np.add.at(counts, (species, clusters), 1)
    orders = [list(order) for order in itertools.permutations(range(CLUSTERS))]
    return counts[:, max(orders, key=lambda order: np.trace(counts[:, order]))]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer steps")
    is_quick = parser.parse_args().quick

    iris = load_iris()
    x = iris.data
    params, source = fit(x, 300 if is_quick else 1000)
    lines = source.splitlines()
    print("\nThe loss and its gradient, as they were written:\n", *lines[:HEAD], sep="\n")
    print(f"    ... and {len(lines) - HEAD} lines more")

    expected = GaussianMixture(CLUSTERS, n_init=5, random_state=0, tol=1e-9, max_iter=1000).fit(x).score(x)
    found = -loss(params, x)
    print(f"\nlog-likelihood of a flower: {found:.6f}, by expectation and maximisation: {expected:.6f}")

    counts = matched(log_densities(params, x).argmax(axis=1), iris.target)
    print(f"\n{'cluster':12}" + "".join(f"{number:6}" for number in range(1, CLUSTERS + 1)))
    for name, row in zip(iris.target_names, counts, strict=True):
        print(f"{name:12}" + "".join(f"{count:6}" for count in row))
    print(f"{np.trace(counts)} of {len(x)} flowers are with their species")
    np.testing.assert_allclose(found, expected, atol=5e-3 if is_quick else 1e-6)
    assert np.trace(counts) >= 144


if __name__ == "__main__":
    main()
