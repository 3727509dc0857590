"""Options priced by Monte Carlo and by the formula; their Greeks are gradients."""

import math

import numpy as np

from tests.source.programs.registry import Program

rng = np.random.default_rng(4)
NORMALS = rng.normal(size=(50, 4))


def simulate(spot, rate, volatility, maturity, normals):
    paths, steps = normals.shape
    dt = maturity / steps
    log_s = np.log(spot) * np.ones(paths)
    running = np.zeros(paths)
    for k in range(steps):
        log_s = log_s + (rate - 0.5 * volatility**2) * dt + volatility * np.sqrt(dt) * normals[:, k]
        running = running + np.exp(log_s)
    return np.exp(log_s), running / steps


def option_price(spot, strike, rate, volatility, maturity, kind="european"):
    final, average = simulate(spot, rate, volatility, maturity, NORMALS)
    if kind == "european":
        payoff = np.maximum(final - strike, 0.0)
    elif kind == "asian":
        payoff = np.where(average > strike, average - strike, 0.0)
    else:
        raise ValueError(f"unknown option: {kind}")
    return np.exp(-rate * maturity) * payoff.mean()


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black_scholes(spot, strike, rate, volatility, maturity):
    d1 = (math.log(spot / strike) + (rate + volatility**2 / 2) * maturity) / (
        volatility * math.sqrt(maturity)
    )
    d2 = d1 - volatility * math.sqrt(maturity)
    return spot * normal_cdf(d1) - strike * math.exp(-rate * maturity) * normal_cdf(d2)


market = (1.0, 1.05, 0.02, 0.3, 0.75)
PROGRAMS = [
    Program("european_option", option_price, market, wrt=(0, 1, 2, 3, 4)),
    Program("asian_option", option_price, market, {"kind": "asian"}, wrt=(0, 3)),
    Program("black_scholes_formula", black_scholes, market, wrt=(0, 1, 2, 3, 4), tape=False),
]
