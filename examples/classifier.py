"""The classic training loop: train, validate, keep the best weights, resume after a break, freeze, fine-tune.

    python examples/classifier.py [--epochs 20] [--quick]

A small net learns to read handwritten digits. One run is interrupted half-way and resumed from its file: its
curve is that of a run that nobody interrupted. Then its body is frozen, and a new head learns to answer
another question from a few images.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from tqdm import tqdm

import tapeless as tl
from tapeless import nn
from tapeless.data import DataLoader, Dataset, Subset, TensorDataset, random_split
from tapeless.optim.lr_scheduler import CosineAnnealingLR

Curve = list[list[float]]


class Net(nn.Module):
    """A body that finds features of 64 pixels, and a head that says what they mean."""

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 64), nn.LayerNorm(64), nn.ReLU()
        )
        self.head = nn.Linear(64, answers)

    def forward(self, images: tl.Tensor) -> tl.Tensor:
        return self.head(self.body(images))


def load() -> list[Subset]:
    """Digits to train on, to choose the best weights by, and for the test at the end."""
    images, labels = load_digits(return_X_y=True)
    dataset = TensorDataset(tl.from_numpy((images / 16.0).astype(np.float32)), tl.from_numpy(labels))
    return random_split(dataset, [0.6, 0.2, 0.2], generator=tl.Generator().manual_seed(0))


def train(model: nn.Module, loader: DataLoader, optimizer: tl.optim.Optimizer) -> float:
    """One epoch; the mean loss."""
    criterion = nn.CrossEntropyLoss()
    model.train()
    total = 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


def validate(model: nn.Module, dataset: Dataset) -> tuple[float, float]:
    """The mean loss, and the share of right answers."""
    criterion = nn.CrossEntropyLoss(reduction="sum")
    model.eval()
    loss, right = 0.0, 0
    with tl.no_grad():
        for images, labels in DataLoader(dataset, batch_size=256):
            scores = model(images)
            loss += criterion(scores, labels).item()
            right += (scores.argmax(dim=1) == labels).sum().item()
    return loss / len(dataset), right / len(dataset)


def fit(parts: list[Subset], epochs: int, folder: Path, stop: int | None = None) -> Curve:
    """Train until epoch `stop`, on from where the last run in this folder ended; the losses of all epochs.

    The folder gets `last.npz`, all that is needed to go on, and `best.npz`, the weights that did best on the
    images for validation.
    """
    tl.manual_seed(0)
    model = Net(10)
    optimizer = tl.optim.AdamW(model.parameters(), lr=0.003)
    scheduler = CosineAnnealingLR(optimizer, T_max=epochs)
    loader = DataLoader(parts[0], batch_size=32, shuffle=True)
    curve: Curve = []

    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "last.npz").exists():
        last = tl.load(folder / "last.npz")
        model.load_state_dict(last["model"])
        optimizer.load_state_dict(last["optimizer"])
        scheduler.load_state_dict(last["scheduler"])
        tl.set_rng_state(last["random"])  # of which dropout and the loader's order are drawn
        curve = last["curve"]

    progress = tqdm(range(len(curve), stop or epochs), desc=folder.name, unit="epoch")
    for _ in progress:
        loss = train(model, loader, optimizer)
        scheduler.step()
        validation_loss, accuracy = validate(model, parts[1])
        curve.append([loss, validation_loss, accuracy])
        progress.set_postfix(loss=f"{loss:.4f}", validation=f"{validation_loss:.4f}")
        if validation_loss == min(row[1] for row in curve):
            tl.save(model.state_dict(), folder / "best.npz")
        last = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "random": tl.get_rng_state(),
            "curve": curve,
        }
        tl.save(last, folder / "last.npz")
    return curve


def print_curve(curve: Curve, stop: int) -> None:
    print("\nepoch   loss   of validation   right")
    for epoch, (loss, validation_loss, accuracy) in enumerate(curve, 1):
        if epoch % 5 == 0 or len(curve) < 5:
            print(f"{epoch:5}{loss:8.4f}{validation_loss:12.4f}{accuracy:12.1%}")
    print(
        f"A run that was interrupted after {stop} epochs and resumed gave the same numbers, to the last bit."
    )


def five_or_more(part: Subset, count: int | None = None) -> TensorDataset:
    """The first images with another question: is the digit five or more?"""
    images, labels = part[list(range(count or len(part)))]
    return TensorDataset(images, (labels > 4).long())


def fine_tune(model: Net, dataset: Dataset, epochs: int) -> Net:
    """Train what is not frozen."""
    optimizer = tl.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.003)
    loader = DataLoader(dataset, batch_size=10, shuffle=True)
    for _ in range(epochs):
        train(model, loader, optimizer)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="four epochs: only to see that it runs")
    options = parser.parse_args()
    epochs = 4 if options.quick else options.epochs
    parts = load()

    with tempfile.TemporaryDirectory() as folder:
        in_parts = Path(folder, "in two parts")
        curve = fit(parts, epochs, Path(folder, "at once"))
        fit(parts, epochs, in_parts, stop=epochs // 2)
        resumed = fit(parts, epochs, in_parts)
        best = tl.load(in_parts / "best.npz")
    assert resumed == curve
    print_curve(curve, epochs // 2)

    model = Net(10)
    model.load_state_dict(best)
    _, accuracy = validate(model, parts[2])
    print(f"The best weights read {accuracy:.1%} of {len(parts[2])} other images right.")
    assert accuracy >= (0.9 if options.quick else 0.96)

    few, test = five_or_more(parts[0], 50), five_or_more(parts[2])
    from_nothing = fine_tune(Net(2), few, 2 * epochs)
    model.body.freeze()
    model.head = nn.Linear(64, 2)
    tuned = fine_tune(model, few, 2 * epochs)
    print(f"\nFive or more? A net learns it from {len(few)} images, and answers for the others:")
    for name, net in (("all of it new", from_nothing), ("a new head on the frozen body", tuned)):
        count = sum(p.numel() for p in net.parameters() if p.requires_grad)
        print(f"  {name:32}{count:6} parameters{validate(net, test)[1]:8.1%} right")
    assert all(tl.equal(value, best[f"body.{name}"]) for name, value in tuned.body.state_dict().items())
    assert validate(tuned, test)[1] >= validate(from_nothing, test)[1] + 0.03


if __name__ == "__main__":
    main()
