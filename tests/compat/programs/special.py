"""Derivatives of SciPy's functions."""

import tapeless.compat.autograd.numpy as np
import tapeless.compat.autograd.scipy.linalg as spl
import tapeless.compat.autograd.scipy.special as sp
import tapeless.compat.autograd.scipy.stats as stats
import tapeless.compat.autograd.scipy.stats.norm as norm
from tapeless.compat.autograd import elementwise_grad, grad
from tapeless.compat.autograd.scipy.signal import convolve
from tapeless.compat.autograd.scipy.stats import multivariate_normal as mvn

from tests.compat.programs.operators import M, V, numbers

U = np.array([0.2, 0.7])
A = np.sin(np.arange(2 * 5 * 4.0)).reshape(2, 5, 4)
B = np.cos(np.arange(3 * 2 * 2 * 3.0)).reshape(3, 2, 2, 3)
S = np.array([[2.0, 0.3], [0.3, 1.5]])

of_one = {
    name: getattr(sp, name)
    for name in (
        "digamma",
        "erf",
        "erfc",
        "expit",
        "gamma",
        "gammaln",
        "i0",
        "i1",
        "j0",
        "j1",
        "psi",
        "y0",
        "y1",
    )
}
of_units = {name: getattr(sp, name) for name in ("erfinv", "erfcinv", "logit")}
of_order = {name: getattr(sp, name) for name in ("jn", "yn", "iv", "ive")}

CALLS = {
    **{name: lambda f=f: elementwise_grad(lambda x: f(x))(V) for name, f in of_one.items()},
    **{name: lambda f=f: elementwise_grad(lambda x: f(x))(U) for name, f in of_units.items()},
    **{name: lambda f=f: elementwise_grad(lambda x: f(2, x))(V) for name, f in of_order.items()},
    "polygamma": lambda: elementwise_grad(lambda x: sp.polygamma(1, x))(V),
    "multigammaln": lambda: grad(lambda x: sp.multigammaln(x, 2))(3.0),
    "beta": lambda: grad(lambda x: sp.beta(x[0], x[1]))(V),
    "betaln": lambda: grad(lambda x: sp.betaln(x[0], x[1]))(V),
    "betainc": lambda: elementwise_grad(lambda x: sp.betainc(2.0, 3.0, x))(U),
    "gammainc": lambda: elementwise_grad(lambda x: sp.gammainc(2.0, x))(V),
    "gammaincc": lambda: elementwise_grad(lambda x: sp.gammaincc(2.0, x))(V),
    "logsumexp": lambda: grad(lambda x: sp.logsumexp(x))(V),
    "logsumexp by rows": lambda: grad(lambda x: np.sum(sp.logsumexp(x, axis=1, keepdims=True) ** 2))(M),
    "logsumexp with weights": lambda: grad(lambda x: sp.logsumexp(x, b=U))(V),
    "norm.pdf": lambda: grad(lambda p: np.sum(norm.pdf(V, p[0], p[1])))(np.array([0.3, 1.2])),
    "norm.logpdf": lambda: grad(lambda p: np.sum(norm.logpdf(V, p[0], p[1])))(np.array([0.3, 1.2])),
    "norm.cdf": lambda: grad(lambda p: np.sum(norm.cdf(V, p[0], p[1])))(np.array([0.3, 1.2])),
    "norm.logcdf": lambda: grad(lambda p: np.sum(norm.logcdf(V, p[0], p[1])))(np.array([0.3, 1.2])),
    "norm.sf": lambda: elementwise_grad(lambda x: norm.sf(x))(V),
    "norm.logsf": lambda: elementwise_grad(lambda x: norm.logsf(x))(V),
    "beta.logpdf": lambda: grad(lambda p: np.sum(stats.beta.logpdf(U, p[0], p[1])))(V),
    "gamma.logpdf": lambda: grad(lambda x: np.sum(stats.gamma.logpdf(x, 2.0)))(V),
    "chi2.logpdf": lambda: grad(lambda x: np.sum(stats.chi2.logpdf(x, 3.0)))(V),
    "poisson.logpmf": lambda: grad(lambda mu: np.sum(stats.poisson.logpmf(np.array([1, 3]), mu)))(2.5),
    "t.logpdf": lambda: grad(lambda p: np.sum(stats.t.logpdf(V, p[0], p[1], p[2])))(
        np.array([3.0, 0.2, 1.1])
    ),
    "dirichlet.logpdf": lambda: grad(lambda a: stats.dirichlet.logpdf(np.array([0.3, 0.7]), a))(V),
    "mvn.logpdf": lambda: grad(lambda m: mvn.logpdf(V, m, S))(U),
    "mvn.logpdf by the covariance": lambda: grad(lambda s: mvn.logpdf(V, U, np.dot(s, s.T)))(S),
    "solve_triangular": lambda: grad(lambda b: np.sum(spl.solve_triangular(S, b, lower=True) ** 2))(V),
    "sqrtm": lambda: grad(lambda s: np.sum(spl.sqrtm(s) ** 3))(S),
    "solve_sylvester": lambda: grad(lambda s: np.sum(spl.solve_sylvester(s, S, S) ** 3))(S),
    "convolve": lambda: grad(lambda x: np.sum(convolve(x, V) ** 2))(np.array([1.0, -2.0, 3.0])),
    **{
        f"convolve {mode} along axes by the {which}": lambda mode=mode, k=k: grad(
            lambda a, b: np.sum(convolve(a, b, axes=([1, 2], [2, 3]), dot_axes=([0], [1]), mode=mode) ** 2),
            k,
        )(A, B)
        for mode in ("full", "valid")
        for k, which in enumerate(("first", "second"))
    },
    "convolve valid with the larger second": lambda: grad(
        lambda b: np.sum(convolve(V, b, axes=([0], [1]), mode="valid") ** 3)
    )(M),
    "convolve in two dimensions": lambda: grad(lambda x: np.sum(convolve(x, S, mode="valid") ** 2))(M),
}


def main():
    return {name: numbers(call()) for name, call in CALLS.items()}
