"""Regression by a Gaussian process, its hyperparameters fitted by the marginal likelihood."""

import tapeless.compat.autograd.numpy as np
import tapeless.compat.autograd.numpy.random as npr
import tapeless.compat.autograd.scipy.stats.multivariate_normal as mvn
from scipy.optimize import minimize
from tapeless.compat.autograd import hessian, value_and_grad
from tapeless.compat.autograd.numpy.linalg import solve


def rbf_covariance(kernel_params, x, xp):
    output_scale = np.exp(kernel_params[0])
    lengthscales = np.exp(kernel_params[1:])
    diffs = np.expand_dims(x / lengthscales, 1) - np.expand_dims(xp / lengthscales, 0)
    return output_scale * np.exp(-0.5 * np.sum(diffs**2, axis=2))


def make_gp_funs(cov_func, num_cov_params):
    """Functions that predict from data, and that give the log marginal likelihood."""

    def unpack_kernel_params(params):
        mean = params[0]
        cov_params = params[2:]
        noise_scale = np.exp(params[1]) + 0.0001
        return mean, cov_params, noise_scale

    def predict(params, x, y, xstar):
        mean, cov_params, noise_scale = unpack_kernel_params(params)
        cov_f_f = cov_func(cov_params, xstar, xstar)
        cov_y_f = cov_func(cov_params, x, xstar)
        cov_y_y = cov_func(cov_params, x, x) + noise_scale * np.eye(len(y))
        pred_mean = mean + np.dot(solve(cov_y_y, cov_y_f).T, y - mean)
        pred_cov = cov_f_f - np.dot(solve(cov_y_y, cov_y_f).T, cov_y_f)
        return pred_mean, pred_cov

    def log_marginal_likelihood(params, x, y):
        mean, cov_params, noise_scale = unpack_kernel_params(params)
        cov_y_y = cov_func(cov_params, x, x) + noise_scale * np.eye(len(y))
        prior_mean = mean * np.ones(len(y))
        return mvn.logpdf(y, prior_mean, cov_y_y)

    return num_cov_params + 2, predict, log_marginal_likelihood


def build_toy_dataset(D=1, n_data=40, noise_std=0.1):
    rs = npr.RandomState(0)
    inputs = np.concatenate([np.linspace(0, 3, num=n_data // 2), np.linspace(6, 8, num=n_data // 2)])
    targets = (np.cos(inputs) + rs.randn(n_data) * noise_std) / 2.0
    inputs = ((inputs - 4.0) / 2.0).reshape((len(inputs), D))
    return inputs, targets


def hamiltonian_monte_carlo(value_and_gradient, start, rs, num_samples, num_steps, step_size):
    """Samples of a density exp(-f): momentum is drawn, and the motion followed by leapfrog steps."""
    samples, x = [], start
    for _ in range(num_samples):
        momentum = rs.randn(len(x))
        value, gradient = value_and_gradient(x)
        energy = value + 0.5 * np.dot(momentum, momentum)
        moved = x
        for _ in range(num_steps):
            momentum = momentum - 0.5 * step_size * gradient
            moved = moved + step_size * momentum
            value, gradient = value_and_gradient(moved)
            momentum = momentum - 0.5 * step_size * gradient
        if np.log(rs.rand()) < energy - value - 0.5 * np.dot(momentum, momentum):
            x = moved
        samples.append(x)
    return samples


def main():
    num_params, predict, log_marginal_likelihood = make_gp_funs(rbf_covariance, num_cov_params=2)
    X, y = build_toy_dataset()

    def objective(params):
        return -log_marginal_likelihood(params, X, y) + 0.5 * np.sum(params**2) / 9.0

    value_and_gradient, curvature = value_and_grad(objective), hessian(objective)
    init_params = 0.1 * npr.RandomState(0).randn(num_params)
    value, gradient = value_and_gradient(init_params)
    found = minimize(value_and_gradient, init_params, jac=True, method="CG", options={"maxiter": 12})
    samples = hamiltonian_monte_carlo(value_and_gradient, found.x, npr.RandomState(1), 40, 8, 0.05)
    pred_mean, pred_cov = predict(samples[-1], X, y, np.linspace(-3, 3, 7).reshape(-1, 1))
    return {
        "value": float(value),
        "gradient": gradient.tolist(),
        "fitted": found.x.tolist(),
        "sampled": np.array(samples).tolist(),
        "curvature": np.mean(np.array([curvature(params) for params in samples]), axis=0).tolist(),
        "mean": pred_mean.tolist(),
        "deviation": np.sqrt(np.diag(pred_cov)).tolist(),
    }
