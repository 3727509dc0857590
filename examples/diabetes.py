"""Linear regression on medical data: LBFGS and Adam end at the coefficients of the closed form.

    python examples/diabetes.py [--quick]

442 patients: ten measurements, and how far the disease went in the year after. Everything is standardised, so
that the coefficients can be compared with each other.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_diabetes
from tqdm import tqdm

import tapeless as tl
from tapeless import nn


def load() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The measurements (442, 10), the progression (442, 1), and what was measured."""
    data = load_diabetes(scaled=False)
    x, y = data.data, data.target[:, None]
    return (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std(), data.feature_names


def closed_form(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bias and weights of least squares."""
    with_ones = np.hstack([np.ones((len(x), 1)), x])
    return np.linalg.lstsq(with_ones, y)[0].ravel()


def coefficients(model: nn.Linear) -> np.ndarray:
    return np.concatenate([model.bias.detach().numpy(), model.weight.detach().numpy().ravel()])


def fit_by_lbfgs(x: tl.Tensor, y: tl.Tensor) -> tuple[nn.Linear, int]:
    """The model, and how often the loss was computed."""
    model, criterion = nn.Linear(x.shape[1], 1).double(), nn.MSELoss()
    optimizer = tl.optim.LBFGS(
        model.parameters(),
        max_iter=100,
        tolerance_grad=1e-10,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    losses: list[float] = []

    def closure() -> tl.Tensor:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        losses.append(loss.item())
        return loss

    optimizer.step(closure)
    return model, len(losses)


def fit_by_adam(x: tl.Tensor, y: tl.Tensor, steps: int) -> nn.Linear:
    model, criterion = nn.Linear(x.shape[1], 1).double(), nn.MSELoss()
    optimizer = tl.optim.Adam(model.parameters(), lr=0.1)
    scheduler = tl.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for _ in tqdm(range(steps), desc="Adam", unit="step"):
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
        scheduler.step()
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer steps of Adam")
    steps = 1000 if parser.parse_args().quick else 2000

    tl.manual_seed(0)
    x, y, names = load()
    given = tl.from_numpy(x), tl.from_numpy(y)
    by_lbfgs, evaluations = fit_by_lbfgs(*given)
    by_adam = fit_by_adam(*given, steps)
    exact, lbfgs, adam = closed_form(x, y), coefficients(by_lbfgs), coefficients(by_adam)

    print(f"\n{'':8}{'closed form':>14}{'LBFGS':>14}{'Adam':>14}")
    for name, *row in zip(["bias", *names], exact, lbfgs, adam, strict=True):
        print(f"{name:8}" + "".join(f"{value:z14.6f}" for value in row))
    for name, found, losses in (("LBFGS", lbfgs, evaluations), ("Adam", adam, steps)):
        apart = np.abs(found - exact).max()
        print(f"{name}: {losses} losses; no coefficient further than {apart:.0e} from the closed form")

    with tl.no_grad():
        explained = 1.0 - nn.functional.mse_loss(by_lbfgs(given[0]), given[1]).item()
    print(f"The ten measurements explain {explained:.1%} of the variance.")
    assert round(explained, 4) == 0.5177
    np.testing.assert_allclose(lbfgs, exact, atol=1e-8)
    np.testing.assert_allclose(adam, exact, atol=1e-2 if steps < 2000 else 1e-6)


if __name__ == "__main__":
    main()
