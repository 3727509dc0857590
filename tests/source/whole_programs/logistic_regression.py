"""Logistic regression with several classes, trained for some steps by hand-written momentum, then scored."""

import numpy as np

from tests.source.programs.registry import Program

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 3))
y = rng.integers(0, 3, 12)


def softmax(scores):
    scores = scores - np.max(scores, axis=1, keepdims=True)
    e = np.exp(scores)
    return e / np.sum(e, axis=1, keepdims=True)


def cross_entropy(W, b, X, y):
    p = softmax(X @ W + b)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def loss(params, X, y, strength=0.01):
    penalty = 0.0
    for name, value in params.items():
        if name != "b":
            penalty += np.sum(value**2)
    return cross_entropy(params["W"], params["b"], X, y) + strength * penalty


def gradient_by_hand(W, b, X, y):
    error = softmax(X @ W + b)
    error[np.arange(len(y)), y] -= 1.0
    error /= len(y)
    return X.T @ error, error.sum(axis=0)


def loss_after_training(rate, W, b):
    velocity = np.zeros_like(W)
    for step in range(5):
        dW, db = gradient_by_hand(W, b, X, y)
        velocity = 0.9 * velocity - rate * dW
        W = W + velocity
        b = b - rate * db
    return cross_entropy(W, b, X, y)


start = {"W": rng.normal(size=(3, 3)) * 0.3, "b": np.zeros(3) + 0.1}
PROGRAMS = [
    Program("logistic_regression", loss, (start, X, y)),
    Program("logistic_regression_trained", loss_after_training, (0.3, start["W"], start["b"]), wrt=(0, 1, 2)),
]
