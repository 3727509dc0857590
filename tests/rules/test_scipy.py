"""SciPy's rows: read when they are needed, and found under methods and ufuncs alike."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

import tapeless as tl
from tapeless.errors import TransformError
from tapeless.graph.array import Array
from tapeless.rules import table

special = pytest.importorskip("scipy.special")
stats = pytest.importorskip("scipy.stats")
linalg = pytest.importorskip("scipy.linalg")

x = np.array([0.3, 0.7])

FRESH = """
import sys
import tapeless as tl
import numpy as np
tl.grad(np.sin)(1.0)
assert "scipy" not in sys.modules, "tapeless imported SciPy"
import scipy.special
assert "tapeless.rules.scipy_special" not in sys.modules, "rows were read before they were needed"
from tapeless.rules import table
assert table.find(scipy.special.expit) is not None
assert "tapeless.rules.scipy_special" in sys.modules
assert "tapeless.rules.scipy_stats" not in sys.modules, "rows of another subpackage were read"
"""


def test_rows_are_read_when_the_first_function_is_asked_for():
    subprocess.run([sys.executable, "-c", FRESH], check=True, capture_output=True, text=True)


THREADS = """
import threading
import scipy.special
from tapeless.rules import table
found = []
barrier = threading.Barrier(8)
def ask():
    barrier.wait()
    found.append(table.find(scipy.special.gammaln))
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 8 and all(rule is found[0] is not None for rule in found), found
"""


def test_threads_that_ask_at_once_find_one_row():
    ran = subprocess.run([sys.executable, "-c", THREADS], check=False, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr
    assert threading.active_count() >= 1


def test_methods_of_distributions_are_found_however_they_are_made():
    assert table.find(stats.norm.logpdf) is table.find(stats.norm.logpdf)
    assert table.find(stats.norm.logpdf) is not table.find(stats.t.logpdf)
    assert table.find(stats.norm.rvs) is None


def test_ufuncs_of_scipy_are_recorded():
    a = Array(x, requires_grad=True)
    t = tl.tensor(x, requires_grad=True)
    special.expit(a).sum().backward()
    special.expit(t).sum().backward()

    expected = special.expit(x) * special.expit(-x)
    np.testing.assert_allclose(np.asarray(a.grad), expected)
    np.testing.assert_allclose(t.grad.numpy(), expected, rtol=1e-6)


def test_functions_that_are_read_may_call_scipy():
    def loss(x):
        values = special.gammaln(x + 1.0) * stats.norm.cdf(x, scale=2.0)
        return special.logsumexp(values) + np.sum(special.softmax(x) * x) - stats.t.logpdf(x[0], 3.0)

    tl.check_grads(loss, (x,), order=2)


def test_the_source_of_a_density_is_its_formula():
    g = tl.grad(lambda x: np.sum(stats.norm.logpdf(x, 0.0, scale=2.0)), mode="source")

    np.testing.assert_allclose(g(x), -x / 4.0)
    assert g.source.endswith("return -(x / 2.0) / 2.0\n")


def test_systems_of_equations_have_second_derivatives():
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])

    def loss(x):
        low = linalg.cholesky(matrix + np.outer(x, x), lower=True)
        return np.sum(linalg.solve_triangular(low, x, lower=True) ** 2) + np.sum(linalg.expm(low * x[0]))

    tl.check_grads(loss, (x,), order=2)


def test_the_covariance_of_a_normal_density_has_a_symmetric_gradient():
    low = np.array([[1.3, 0.0], [0.4, 0.9]])
    points = np.array([[0.1, 0.5], [-0.3, 0.2], [1.0, 0.4]])

    def loss(low, mean):
        return np.sum(stats.multivariate_normal.logpdf(points, mean, low @ low.T))

    tl.check_grads(loss, (low, x), order=2)
    gradient = tl.grad(lambda c: np.sum(stats.multivariate_normal.logpdf(points, x, c)))(low @ low.T)
    np.testing.assert_allclose(gradient, gradient.T)


def test_what_has_no_closed_form_is_refused_by_name():
    with pytest.raises(TransformError, match=r"betainc \(argument 'a'\)"):
        tl.grad(lambda a: special.betainc(a, 2.0, 0.3), mode="source")(1.0)
    with pytest.raises(TransformError, match="airy"):
        tl.grad(lambda a: special.airy(a)[0], mode="source")(1.0)


def test_points_without_their_last_coordinate_are_refused():
    with pytest.raises(NotImplementedError, match="append"):
        tl.grad(lambda p: stats.dirichlet.logpdf(p, np.ones(3)), mode="source")(np.array([0.2, 0.3]))
