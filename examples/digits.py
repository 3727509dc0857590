"""Learn to read handwritten digits, three ways: a perceptron of 64, 128, 10 units, trained by a plain loop.

    python examples/digits.py [--out demo] [--epochs 40] [--quick]

By the tape: the parameters are Tensors that record what happens to them, and `backward` gives gradients.  By
source: the loss is a plain NumPy function, and `value_and_grad` writes the function that gives its gradient.
By functions: Tensors again, in the same loop, but each layer is a plain function that is one operation of the
graph.  Prints the generated function, how far the gradients are apart, what each costs and the accuracy on
images that were not trained on, and leaves pictures of the training in a folder.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
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
BLUE, ORANGE, GREEN, GREY = "#3f6ea5", "#c2751a", "#3d8a5f", "#777777"

Arrays = dict[str, np.ndarray]
Tensors = dict[str, tl.Tensor]


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images between 0 and 1 and their labels: for training, and for the test."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).astype(np.float32)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=0.25, random_state=0, stratify=labels
    )
    return train_images, train_labels, test_images, test_labels


def make_parameters() -> Arrays:
    random = np.random.default_rng(0)
    return {
        "W1": random.standard_normal((64, HIDDEN), np.float32) / 8,
        "b1": np.zeros(HIDDEN, np.float32),
        "W2": random.standard_normal((HIDDEN, 10), np.float32) / np.float32(HIDDEN**0.5),
        "b2": np.zeros(10, np.float32),
    }


def make_tensors() -> Tensors:
    """The same parameters as leaves of a graph."""
    return {name: tl.from_numpy(array).requires_grad_() for name, array in make_parameters().items()}


def batches_of(count: int, epochs: int, title: str) -> Iterator[tuple[np.ndarray, np.float32]]:
    """The images of each step, in random order, and its step size: the same on every run."""
    random = np.random.default_rng(1)
    for epoch in tqdm(range(epochs), desc=title, unit="epoch"):
        order = random.permutation(count)
        for start in range(0, count, BATCH):
            yield order[start : start + BATCH], np.float32(RATE * (1 - epoch / epochs))


# By source: plain NumPy -------------------------------------------------------------------------------------


@tl.function
def hidden_layer(images: Any, weights: Any, bias: Any) -> Any:
    return np.maximum(images @ weights + bias, 0.0)


@tl.function
def cross_entropy(hidden: Any, weights: Any, bias: Any, labels: Any) -> Any:
    """Minus the mean log-probability of the right digit."""
    scores = hidden @ weights + bias
    scores = scores - np.max(scores, axis=1, keepdims=True)
    normaliser = np.log(np.sum(np.exp(scores), axis=1))
    return np.mean(normaliser - scores[np.arange(len(labels)), labels])


def loss(parameters: Any, images: Any, labels: Any) -> Any:
    """Of arrays a number; of Tensors a Tensor, with one operation for each layer."""
    hidden = hidden_layer(images, parameters["W1"], parameters["b1"])
    return cross_entropy(hidden, parameters["W2"], parameters["b2"], labels)


def scores_of(parameters: Arrays, images: np.ndarray) -> np.ndarray:
    hidden = hidden_layer(images, parameters["W1"], parameters["b1"])
    return hidden @ parameters["W2"] + parameters["b2"]


def train_by_source(
    gradient: Callable[..., Any], images: np.ndarray, labels: np.ndarray, epochs: int
) -> tuple[Arrays, list[float]]:
    """Stochastic gradient descent with momentum; the parameters, and the loss of every step."""
    parameters = make_parameters()
    velocities = {name: np.zeros_like(parameter) for name, parameter in parameters.items()}
    losses: list[float] = []
    for batch, rate in batches_of(len(labels), epochs, "by source   "):
        value, gradients = gradient(parameters, images[batch], labels[batch])
        for name, parameter in parameters.items():
            velocities[name] *= MOMENTUM
            velocities[name] += gradients[name]
            parameter -= rate * velocities[name]
        losses.append(float(value))
    return parameters, losses


# By the tape: Tensors ---------------------------------------------------------------------------------------


def loss_of_tensors(parameters: Tensors, images: tl.Tensor, labels: tl.Tensor) -> tl.Tensor:
    hidden = tl.relu(images @ parameters["W1"] + parameters["b1"])
    scores = hidden @ parameters["W2"] + parameters["b2"]
    return -tl.log_softmax(scores, 1)[tl.arange(len(labels)), labels].mean()


def train_tensors(
    loss: Callable[..., tl.Tensor], images: tl.Tensor, labels: tl.Tensor, epochs: int, title: str
) -> tuple[Tensors, list[float]]:
    """The same descent, of Tensors."""
    parameters = make_tensors()
    velocities = {name: tl.zeros_like(parameter) for name, parameter in parameters.items()}
    losses: list[float] = []
    for batch, rate in batches_of(len(labels), epochs, title):
        value = loss(parameters, images[batch], labels[batch])
        value.backward()
        with tl.no_grad():
            for name, parameter in parameters.items():
                velocities[name].mul_(MOMENTUM).add_(parameter.grad)
                parameter -= float(rate) * velocities[name]
                parameter.grad = None
        losses.append(value.item())
    return parameters, losses


# What is compared -------------------------------------------------------------------------------------------


def gradients_of(value: tl.Tensor, parameters: Tensors) -> Arrays:
    found = tl.autograd.grad(value, list(parameters.values()))
    return {name: gradient.numpy() for name, gradient in zip(parameters, found, strict=True)}


def value_and_gradient_by_hand(
    parameters: Arrays, images: np.ndarray, labels: np.ndarray
) -> tuple[Any, Arrays]:
    """What a person would write."""
    hidden = np.maximum(images @ parameters["W1"] + parameters["b1"], 0.0)
    scores = hidden @ parameters["W2"] + parameters["b2"]
    scores -= np.max(scores, axis=1, keepdims=True)
    rows = np.arange(len(labels))
    exponentials = np.exp(scores)
    sums = np.sum(exponentials, axis=1, keepdims=True)
    value = np.mean(np.log(sums[:, 0]) - scores[rows, labels])
    d_scores = exponentials / sums
    d_scores[rows, labels] -= 1.0
    d_scores /= len(labels)
    d_hidden = (d_scores @ parameters["W2"].T) * (hidden > 0.0)
    return value, {
        "W1": images.T @ d_hidden,
        "b1": d_hidden.sum(axis=0),
        "W2": hidden.T @ d_scores,
        "b2": d_scores.sum(axis=0),
    }


def largest_difference(found: Arrays, expected: Arrays) -> float:
    """Of all elements, relative to the largest of the same array."""
    assert all(found[name].dtype == array.dtype for name, array in expected.items())
    return max(
        float(np.abs(found[name] - array).max() / np.abs(array).max()) for name, array in expected.items()
    )


def compare(gradient: Callable[..., Any], images: np.ndarray, labels: np.ndarray) -> None:
    """Print how far the gradients of one step are apart, and what each costs."""
    parameters, tensors = make_parameters(), make_tensors()
    images, labels = images[:BATCH], labels[:BATCH]
    given = tl.from_numpy(images), tl.from_numpy(labels)
    ways: dict[str, Callable[[], Arrays]] = {
        "tape": lambda: gradients_of(loss_of_tensors(tensors, *given), tensors),
        "functions": lambda: gradients_of(loss(tensors, *given), tensors),
        "source": lambda: gradient(parameters, images, labels)[1],
        "by hand": lambda: value_and_gradient_by_hand(parameters, images, labels)[1],
    }
    by_tape = ways["tape"]()
    print(f"\none gradient, {BATCH} images   microseconds   largest difference from the tape's")
    for name, way in ways.items():
        apart = largest_difference(way(), by_tape)
        note = f"   {apart:.0e} of the largest" if apart else ""
        print(f"  {name:26}{microseconds(way):12.0f}{note}")
        assert apart < 1e-5, f"the gradient by {name} should be that of the tape to round-off"


def microseconds(run: Callable[[], object], repeats: int = 200) -> float:
    """The median time of a call."""
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def report(found: dict[str, Arrays], images: np.ndarray, labels: np.ndarray, least: float) -> None:
    print(f"\naccuracy on {len(labels)} images not trained on")
    for name, parameters in found.items():
        reached = accuracy(parameters, images, labels)
        print(f"  {name:26}{reached:12.1%}")
        assert reached >= least, f"the accuracy by {name} should be at least {least:.0%}"


def accuracy(parameters: Arrays, images: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(scores_of(parameters, images).argmax(axis=1) == labels))


# Pictures ---------------------------------------------------------------------------------------------------


def axes_of(figure: Figure, title: str) -> Any:
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", weight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def draw_losses(losses: dict[str, list[float]], epochs: int, path: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = axes_of(figure, "Loss while training")
    steps = len(losses["source"]) // epochs
    at = np.arange(steps * epochs) / steps
    axes.plot(at, losses["source"], color=BLUE, alpha=0.25, linewidth=0.8, label="each step, by source")
    looks = ((ORANGE, "-"), (GREEN, ":"), (BLUE, "--"))
    for (name, each), (colour, style) in zip(losses.items(), looks, strict=True):
        means = np.array(each).reshape(epochs, steps).mean(axis=1)
        axes.plot(
            np.arange(epochs) + 0.5, means, style, color=colour, linewidth=2, label=f"an epoch, by {name}"
        )
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
    parameters = make_tensors()
    images, labels = images[:4], labels[:4]
    with tl.Tape() as tape:
        tape.watch(images=images, **parameters)
        loss_of_tensors(parameters, images, labels)
    tape.draw(path)


def draw_readings(parameters: Arrays, images: np.ndarray, labels: np.ndarray, out: Path) -> None:
    scores = scores_of(parameters, images)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    draw_confusion(probabilities.argmax(1), labels, out / "confusion.png")
    draw_digits(images, probabilities, labels, out / "digits.png")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the pictures")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="three epochs: only to see that it runs")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    epochs = 3 if options.quick else options.epochs
    options.out.mkdir(parents=True, exist_ok=True)
    train_images, train_labels, test_images, test_labels = load()
    given = tl.from_numpy(train_images), tl.from_numpy(train_labels)

    gradient = tl.value_and_grad(loss)
    gradient.specialise(make_parameters(), train_images, train_labels)
    print("The generated function:", gradient.source, sep="\n\n")
    compare(gradient, train_images, train_labels)

    found: dict[str, Arrays] = {}
    losses: dict[str, list[float]] = {}
    for name, of in (("tape", loss_of_tensors), ("functions", loss)):
        tensors, losses[name] = train_tensors(of, *given, epochs, f"by {name:9}")
        found[name] = {key: tensor.detach().numpy() for key, tensor in tensors.items()}
    parameters, losses["source"] = train_by_source(gradient, train_images, train_labels, epochs)
    found["source"] = parameters
    report(found, test_images, test_labels, 0.85 if options.quick else 0.97)

    draw_losses(losses, epochs, options.out / "loss.png")
    draw_readings(parameters, test_images, test_labels, options.out)
    draw_step(*given, options.out / "graph.svg")
    print("pictures:", ", ".join(str(path) for path in sorted(options.out.glob("*.[ps][nv]g"))))


if __name__ == "__main__":
    main()
