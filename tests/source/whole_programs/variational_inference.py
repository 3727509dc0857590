"""Variational inference: the evidence bound of a Bayesian regression and of a small autoencoder."""

import numpy as np

from tests.source.programs.registry import Program

rng = np.random.default_rng(6)
X = rng.normal(size=(8, 2))
Y = X @ np.array([1.0, -0.5]) + 0.1 * rng.normal(size=8)
NOISE = rng.normal(size=(5, 2))


def gaussian_entropy(log_std):
    return 0.5 * len(log_std) * (1.0 + np.log(2 * np.pi)) + np.sum(log_std)


def log_joint(weights, log_noise):
    residual = (Y - X @ weights) / np.exp(log_noise)
    log_likelihood = -0.5 * np.sum(residual**2) - len(Y) * log_noise
    return log_likelihood - 0.5 * np.sum(weights**2)


def evidence_bound(params, noise):
    mean, log_std, log_noise = params["mean"], params["log_std"], params["log_noise"]
    samples = mean + np.exp(log_std) * noise
    return gaussian_entropy(log_std) + np.mean([log_joint(w, log_noise) for w in samples])


class Dense:
    def __init__(self, activation=None):
        self.activation = activation

    def __call__(self, params, x):
        W, b = params
        y = x @ W + b
        return y if self.activation is None else self.activation(y)


encoder, decoder = Dense(), [Dense(np.tanh), Dense()]


def autoencoder_bound(params, data, noise):
    code = encoder(params["encode"], data)
    mean, log_var = code[:, :1], code[:, 1:]
    z = mean + np.exp(0.5 * log_var) * noise
    out = z
    for layer, p in zip(decoder, params["decode"]):
        out = layer(p, out)
    reconstruction = -0.5 * np.sum((out - data) ** 2)
    divergence = -0.5 * np.sum(1 + log_var - mean**2 - np.exp(log_var))
    return (reconstruction - divergence) / len(data)


params = {"mean": np.array([0.5, 0.1]), "log_std": np.array([-1.0, -0.7]), "log_noise": -0.5}
weights = {
    "encode": (rng.normal(size=(2, 2)) * 0.5, np.array([0.1, -0.2])),
    "decode": [
        (rng.normal(size=(1, 3)) * 0.5, np.zeros(3) + 0.1),
        (rng.normal(size=(3, 2)) * 0.5, np.zeros(2)),
    ],
}
PROGRAMS = [
    Program("variational_regression", evidence_bound, (params, NOISE), tape=False),
    Program("variational_autoencoder", autoencoder_bound, (weights, X[:3], NOISE[:3, :1])),
]
