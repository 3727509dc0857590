"""Learn to read handwritten digits: a perceptron of 64, 128 and 10 units, the training loop written by hand.

    python examples/digits.py [--out demo] [--epochs 40] [--quick]

Prints the accuracy on images that were not trained on, and leaves pictures of the training in a folder.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import tapeless as tl

HIDDEN = 128
BATCH = 32
RATE = 0.05
MOMENTUM = 0.9
BLUE, ORANGE, GREY = "#3f6ea5", "#c2751a", "#777777"


def load() -> tuple[tl.Tensor, tl.Tensor, tl.Tensor, tl.Tensor]:
    """Images between 0 and 1 and their labels: for training, and for the test."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).astype(np.float32)
    parts = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)
    train_images, test_images, train_labels, test_labels = [tl.from_numpy(part) for part in parts]
    return train_images, train_labels, test_images, test_labels


def make_parameters() -> dict[str, tl.Tensor]:
    tl.manual_seed(0)
    return {
        "W1": (tl.randn(64, HIDDEN) / 8).requires_grad_(),
        "b1": tl.zeros(HIDDEN, requires_grad=True),
        "W2": (tl.randn(HIDDEN, 10) / HIDDEN**0.5).requires_grad_(),
        "b2": tl.zeros(10, requires_grad=True),
    }


def scores_of(parameters: dict[str, tl.Tensor], images: tl.Tensor) -> tl.Tensor:
    hidden = tl.relu(images @ parameters["W1"] + parameters["b1"])
    return hidden @ parameters["W2"] + parameters["b2"]


def loss_of(scores: tl.Tensor, labels: tl.Tensor) -> tl.Tensor:
    """Cross entropy: minus the mean log-probability of the right digit."""
    chosen = tl.log_softmax(scores, 1)[tl.arange(len(labels)), labels]
    return -chosen.mean()


def accuracy(parameters: dict[str, tl.Tensor], images: tl.Tensor, labels: tl.Tensor) -> float:
    with tl.no_grad():
        return (scores_of(parameters, images).argmax(1) == labels).float().mean().item()


def train(parameters: dict[str, tl.Tensor], images: tl.Tensor, labels: tl.Tensor, epochs: int) -> list[float]:
    """Stochastic gradient descent with momentum; the loss of every step."""
    velocities = {name: tl.zeros_like(parameter) for name, parameter in parameters.items()}
    losses: list[float] = []
    with tqdm(range(epochs), desc="training", unit="epoch") as bar:
        for epoch in bar:
            order = tl.randperm(len(labels))
            rate = RATE * (1 - epoch / epochs)
            for batch in order.split(BATCH):
                loss = loss_of(scores_of(parameters, images[batch]), labels[batch])
                loss.backward()
                with tl.no_grad():
                    for name, parameter in parameters.items():
                        velocities[name].mul_(MOMENTUM).add_(parameter.grad)
                        parameter -= rate * velocities[name]
                        parameter.grad = None
                losses.append(loss.item())
            bar.set_postfix(
                loss=f"{np.mean(losses[-40:]):.4f}", accuracy=f"{accuracy(parameters, images, labels):.3f}"
            )
    return losses


# Pictures ---------------------------------------------------------------------------------------------------


def axes_of(figure: Figure, title: str) -> Any:
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", weight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def draw_losses(losses: list[float], epochs: int, path: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = axes_of(figure, "Loss while training")
    steps = len(losses) // epochs
    at = np.arange(len(losses)) / steps
    axes.plot(at, losses, color=BLUE, alpha=0.25, linewidth=0.8, label="each step")
    means = np.array(losses).reshape(epochs, steps).mean(axis=1)
    axes.plot(np.arange(epochs) + 0.5, means, color=BLUE, linewidth=2, label="mean of an epoch")
    axes.set(xlabel="epoch", ylabel="cross entropy", yscale="log", xlim=(0, epochs))
    axes.grid(axis="y", color="#eeeeee")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)


def draw_confusion(predicted: np.ndarray, labels: np.ndarray, path: Path) -> None:
    counts = np.zeros((10, 10), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    figure = Figure(figsize=(6, 5.6), layout="constrained")
    axes = axes_of(figure, "What was taken for what")
    wrong = counts * (1 - np.eye(10, dtype=np.int64))
    axes.imshow(np.where(np.eye(10, dtype=bool), 0, wrong), cmap="Oranges", vmin=0, vmax=max(4, wrong.max()))
    axes.imshow(
        np.where(np.eye(10, dtype=bool), counts, np.nan), cmap="Blues", vmin=0, vmax=counts.max() * 1.8
    )
    for row, column in zip(*np.nonzero(counts), strict=True):
        weight = "normal" if row == column else "bold"
        axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=9, weight=weight)
    axes.set(xlabel="read as", ylabel="digit", xticks=range(10), yticks=range(10))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(path, dpi=130)


def draw_digits(images: np.ndarray, probabilities: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """A row of digits that were read right, and rows of those that were not."""
    predicted = probabilities.argmax(1)
    right, wrong = np.flatnonzero(predicted == labels), np.flatnonzero(predicted != labels)
    shown = [*right[:8], *wrong[:8]]
    figure = Figure(figsize=(9, 3.4 if len(wrong) else 2.0), layout="constrained")
    figure.suptitle("Read right, and below read wrong", x=0.01, ha="left", weight="bold")
    for place, number in enumerate(shown):
        axes = figure.add_subplot(2 if len(wrong) else 1, 8, place + 1)
        axes.imshow(images[number].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        guess = predicted[number]
        note = f"{guess}" if guess == labels[number] else f"{guess}, not {labels[number]}"
        colour = BLUE if guess == labels[number] else ORANGE
        axes.set_title(note, fontsize=11, color=colour, weight="bold", pad=3)
        axes.set_xlabel(f"{probabilities[number, guess]:.0%} sure", fontsize=8, color=GREY)
        axes.spines[:].set_color("#cccccc")
    figure.savefig(path, dpi=130)


def draw_step(images: tl.Tensor, labels: tl.Tensor, path: Path) -> None:
    """The graph of one small step: four images."""
    parameters = make_parameters()
    images, labels = images[:4], labels[:4]
    with tl.Tape() as tape:
        tape.watch(images=images, **parameters)
        loss_of(scores_of(parameters, images), labels)
    tape.draw(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the pictures")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="three epochs: only to see that it runs")
    options = parser.parse_args()
    epochs = 3 if options.quick else options.epochs
    options.out.mkdir(parents=True, exist_ok=True)

    train_images, train_labels, test_images, test_labels = load()
    parameters = make_parameters()
    start = time.perf_counter()
    losses = train(parameters, train_images, train_labels, epochs)
    seconds = time.perf_counter() - start
    reached = accuracy(parameters, test_images, test_labels)

    with tl.no_grad():
        probabilities = tl.softmax(scores_of(parameters, test_images), 1).numpy()
    labels = test_labels.numpy()
    draw_losses(losses, epochs, options.out / "loss.png")
    draw_confusion(probabilities.argmax(1), labels, options.out / "confusion.png")
    draw_digits(test_images.numpy(), probabilities, labels, options.out / "digits.png")
    draw_step(train_images, train_labels, options.out / "graph.svg")

    print(
        f"trained {len(losses)} steps in {seconds:.1f} s; loss of the last ones {np.mean(losses[-40:]):.4f}"
    )
    print(f"accuracy on {len(labels)} images not trained on: {reached:.1%}")
    print("pictures:", ", ".join(str(path) for path in sorted(options.out.glob("*.[ps][nv]g"))))
    least = 0.85 if options.quick else 0.97
    assert reached >= least, f"the accuracy should be at least {least:.0%}"


if __name__ == "__main__":
    main()
