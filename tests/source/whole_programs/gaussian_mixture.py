"""Log likelihood of a Gaussian mixture with full covariances, given by their Cholesky factors."""

import numpy as np

from tests.source.programs.registry import Program

rng = np.random.default_rng(1)
DATA = np.concatenate([rng.normal(size=(6, 2)) - 1.0, rng.normal(size=(5, 2)) * 0.5 + 1.5])


def logsumexp(x, axis):
    top = np.max(x, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(x - top), axis=axis))


def unpack_factor(entries, d):
    """A lower triangle with a positive diagonal."""
    L = np.zeros((d, d))
    k = 0
    for i in range(d):
        for j in range(i + 1):
            L[i, j] = np.exp(entries[k]) if i == j else entries[k]
            k += 1
    return L


def log_normal(x, mean, L):
    d = len(mean)
    z = np.linalg.solve(L, (x - mean).T)
    return -0.5 * np.sum(z**2, axis=0) - np.sum(np.log(np.diag(L))) - 0.5 * d * np.log(2 * np.pi)


def negative_log_likelihood(params, data):
    weights, means, factors = params["weights"], params["means"], params["factors"]
    log_weights = weights - logsumexp(weights, axis=0)
    terms = []
    for k in range(len(means)):
        L = unpack_factor(factors[k], data.shape[1])
        terms.append(log_weights[k] + log_normal(data, means[k], L))
    return -np.sum(logsumexp(np.stack(terms), axis=0))


params = {
    "weights": np.array([0.2, -0.1]),
    "means": np.array([[-0.5, -0.8], [1.0, 1.2]]),
    "factors": np.array([[0.1, 0.2, -0.1], [-0.3, 0.1, 0.2]]),
}
PROGRAMS = [Program("gaussian_mixture", negative_log_likelihood, (params, DATA), tape=False)]
