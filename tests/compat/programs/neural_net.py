"""A neural net that learns to tell spirals apart, trained by Adam on minibatches."""

import tapeless.compat.autograd.numpy as np
import tapeless.compat.autograd.numpy.random as npr
from tapeless.compat.autograd import grad
from tapeless.compat.autograd.misc.flatten import flatten
from tapeless.compat.autograd.misc.optimizers import adam
from tapeless.compat.autograd.scipy.special import logsumexp


def init_random_params(scale, layer_sizes, rs):
    """A list of (weights, biases) tuples, one for each layer."""
    return [(scale * rs.randn(m, n), scale * rs.randn(n)) for m, n in zip(layer_sizes[:-1], layer_sizes[1:])]


def neural_net_predict(params, inputs):
    """Normalised class log-probabilities."""
    for W, b in params:
        outputs = np.dot(inputs, W) + b
        inputs = np.tanh(outputs)
    return outputs - logsumexp(outputs, axis=1, keepdims=True)


def l2_norm(params):
    flattened, _ = flatten(params)
    return np.dot(flattened, flattened)


def log_posterior(params, inputs, targets, L2_reg):
    log_prior = -L2_reg * l2_norm(params)
    log_lik = np.sum(neural_net_predict(params, inputs) * targets)
    return log_prior + log_lik


def accuracy(params, inputs, targets):
    target_class = np.argmax(targets, axis=1)
    predicted_class = np.argmax(neural_net_predict(params, inputs), axis=1)
    return np.mean(predicted_class == target_class)


def make_spirals(rs, num_per_class, num_classes, noise):
    angles = np.repeat(np.linspace(0, 2 * np.pi, num_classes, endpoint=False), num_per_class)
    radii = np.tile(np.linspace(0.2, 1.0, num_per_class), num_classes)
    angles = angles + 2.5 * radii + noise * rs.randn(num_per_class * num_classes)
    inputs = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    targets = np.repeat(np.eye(num_classes), num_per_class, axis=0)
    order = rs.permutation(len(inputs))
    return inputs[order], targets[order]


def main():
    rs = npr.RandomState(0)
    inputs, targets = make_spirals(rs, 100, 3, 0.1)
    params = init_random_params(0.3, [2, 24, 24, 3], rs)
    batch_size, num_epochs = 60, 40
    num_batches = len(inputs) // batch_size

    def batch_indices(iteration):
        idx = iteration % num_batches
        return slice(idx * batch_size, (idx + 1) * batch_size)

    def objective(params, iteration):
        idx = batch_indices(iteration)
        return -log_posterior(params, inputs[idx], targets[idx], 1e-3)

    losses = []

    def record(params, iteration, gradient):
        if iteration % num_batches == 0:
            losses.append(float(objective(params, 0)))

    trained = adam(
        grad(objective), params, step_size=0.03, num_iters=num_epochs * num_batches, callback=record
    )
    return {
        "losses": losses,
        "accuracy": float(accuracy(trained, inputs, targets)),
        "weights": flatten(trained)[0][:20].tolist(),
    }
