"""The Greeks of a European call: all first and second derivatives of its price, from the price alone."""

import math

import numpy as np

import tapeless as tl


def normal_cdf(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def price(market: dict[str, float], strike: float) -> float:
    """Black and Scholes' formula, as one writes it."""
    s, v, r, t = market["spot"], market["volatility"], market["rate"], market["years"]
    d1 = (math.log(s / strike) + (r + 0.5 * v * v) * t) / (v * math.sqrt(t))
    d2 = d1 - v * math.sqrt(t)
    return s * normal_cdf(d1) - strike * math.exp(-r * t) * normal_cdf(d2)


def main() -> None:
    market, strike = {"spot": 100.0, "volatility": 0.2, "rate": 0.05, "years": 1.0}, 105.0
    value, first = tl.value_and_grad(price)(market, strike)
    second = tl.hessian(price)(market, strike)
    print(f"price  {value:10.4f}")
    for greek, found in {
        "delta": first["spot"],
        "vega": first["volatility"],
        "rho": first["rate"],
        "theta": -first["years"],
        "gamma": second["spot"]["spot"],
        "vanna": second["spot"]["volatility"],
        "volga": second["volatility"]["volatility"],
    }.items():
        print(f"{greek:6} {found:10.4f}")

    # Delta, gamma and vega by the formulas of the textbook; d1 is 0.10605 here.
    d1 = (math.log(100.0 / strike) + 0.07) / 0.2
    density = math.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi)
    np.testing.assert_allclose(first["spot"], normal_cdf(d1), rtol=1e-12)
    np.testing.assert_allclose(first["volatility"], 100.0 * density, rtol=1e-12)
    np.testing.assert_allclose(second["spot"]["spot"], density / (100.0 * 0.2), rtol=1e-10)


if __name__ == "__main__":
    main()
