"""Whole programs as their fields write them, in plain NumPy: one file each."""

from tests.source.programs.registry import Program
from tests.source.whole_programs import (
    black_scholes,
    bundle_adjustment,
    convolution,
    fluid,
    gaussian_mixture,
    hidden_markov,
    kalman_filter,
    kmeans,
    logistic_regression,
    lstm,
    n_body,
    rnn,
    rosenbrock,
    runge_kutta,
    time_warping,
    variational_inference,
)

MODULES = (
    black_scholes,
    bundle_adjustment,
    convolution,
    fluid,
    gaussian_mixture,
    hidden_markov,
    kalman_filter,
    kmeans,
    logistic_regression,
    lstm,
    n_body,
    rnn,
    rosenbrock,
    runge_kutta,
    time_warping,
    variational_inference,
)

PROGRAMS: tuple[Program, ...] = tuple([one for module in MODULES for one in module.PROGRAMS])
