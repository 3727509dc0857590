"""HIPS autograd's modules and names are there."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

import tapeless as tl
import tapeless.numpy as tnp

# What HIPS autograd 1.9 has, by module: its own names, not what a module happens to import.
NAMES = {
    "": "grad value_and_grad elementwise_grad deriv make_vjp make_jvp make_hvp make_ggnvp jacobian hessian "
    "hessian_vector_product hessian_tensor_product tensor_jacobian_product vector_jacobian_product "
    "grad_and_aux grad_named multigrad_dict holomorphic_grad checkpoint primitive "
    "list dict tuple isinstance type",
    "differential_operators": "grad value_and_grad make_jvp_reversemode make_hvp multigrad_dict egrad",
    "builtins": "list dict tuple isinstance type",
    "core": "make_vjp make_jvp primitive defvjp defjvp vspace VSpace getval isbox",
    "extend": "primitive notrace_primitive defvjp defvjp_argnum defvjp_argnums defjvp defjvp_argnum "
    "defjvp_argnums def_linear Box VSpace vspace",
    "tracer": "getval isbox primitive notrace_primitive Box",
    "test_util": "check_grads check_vjp check_jvp combo_check check_equivalent scalar_close",
    "misc": "flatten",
    "misc.flatten": "flatten flatten_func",
    "misc.optimizers": "sgd rmsprop adam",
    "misc.fixed_points": "fixed_point",
    "numpy": "array zeros sin sum dot linalg fft random float64 ndarray pi newaxis",
    "numpy.linalg": "solve inv det norm eigh cholesky svd LinAlgError",
    "numpy.fft": "fft ifft rfft fftn fftshift",
    "numpy.random": "randn RandomState default_rng seed",
    "numpy.numpy_boxes": "ArrayBox",
    "numpy.numpy_wrapper": "array concatenate",
    "scipy": "special stats linalg signal integrate",
    "scipy.special": "gamma gammaln digamma polygamma erf erfc erfinv logit expit logsumexp beta i0 j0",
    "scipy.linalg": "solve_triangular sqrtm solve_sylvester",
    "scipy.signal": "convolve",
    "scipy.integrate": "odeint",
    "scipy.stats": "norm beta gamma chi2 t poisson dirichlet multivariate_normal",
    "scipy.stats.norm": "pdf logpdf cdf logcdf sf logsf",
    "scipy.stats.beta": "pdf logpdf cdf",
    "scipy.stats.gamma": "pdf logpdf cdf",
    "scipy.stats.chi2": "pdf logpdf cdf",
    "scipy.stats.t": "pdf logpdf cdf logcdf",
    "scipy.stats.poisson": "pmf logpmf cdf",
    "scipy.stats.dirichlet": "pdf logpdf rvs",
    "scipy.stats.multivariate_normal": "pdf logpdf entropy",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_module_has_its_names(name: str):
    module = importlib.import_module(f"tapeless.compat.autograd.{name}".rstrip("."))

    missing = [one for one in NAMES[name].split() if not hasattr(module, one)]
    assert missing == []


def test_the_usual_imports_work():
    scope: dict = {}
    exec(
        "import tapeless.compat.autograd as autograd\n"
        "import tapeless.compat.autograd.numpy as np\n"
        "import tapeless.compat.autograd.numpy.random as npr\n"
        "import tapeless.compat.autograd.scipy.stats.norm as norm\n"
        "from tapeless.compat.autograd.scipy.stats import norm as same\n"
        "from tapeless.compat.autograd import grad\n"
        "from tapeless.compat.autograd.numpy import *\n",
        scope,
    )

    assert scope["norm"] is scope["same"]
    assert scope["sin"] is np.sin
    assert scope["grad"] is tl.grad is scope["autograd"].grad


def test_numpy_is_tapeless_numpy():
    anp = importlib.import_module("tapeless.compat.autograd.numpy")

    assert anp.array is tnp.array
    assert anp.linalg.inv is tnp.linalg.inv
    assert anp.linalg.eig is np.linalg.eig
    assert set(tnp.__all__) - {"test"} <= set(dir(anp))


def test_without_scipy_the_rest_works_and_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import tapeless.compat.autograd.numpy as np\n"
        "from tapeless.compat.autograd import grad\n"
        "assert grad(np.sin)(0.0) == 1.0\n"
        "try:\n"
        "    import tapeless.compat.autograd.scipy.special\n"
        "except ImportError as error:\n"
        "    assert \"pip install 'tapeless[scipy]'\" in str(error), error\n"
        "else:\n"
        "    raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_that_are_not_there_are_refused_with_the_module():
    special = importlib.import_module("tapeless.compat.autograd.scipy.special")

    with pytest.raises(AttributeError, match=r"module 'tapeless\.compat\.autograd\.scipy\.special' has no"):
        special.nonsense
