"""A convolutional net learns to read handwritten digits of 8 x 8 pixels, and shows those that it reads wrong.

python examples/convnet.py [--quick]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import tapeless as tl
from tapeless import nn
from tapeless.data import DataLoader, TensorDataset

SHADES = " .:-=+*#%@"


class ConvNet(nn.Module):
    """Scores of the ten digits, for images (n, 1, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(32 * 4 * 4, 10))

    def forward(self, images: tl.Tensor) -> tl.Tensor:
        return self.classifier(self.features(images))


def load() -> tuple[TensorDataset, TensorDataset]:
    """Images and labels, three quarters to train on and a quarter for the test."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).astype(np.float32).reshape(-1, 1, 8, 8)
    parts = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)
    train_images, test_images, train_labels, test_labels = [tl.from_numpy(part) for part in parts]
    return TensorDataset(train_images, train_labels), TensorDataset(test_images, test_labels)


def train(model: nn.Module, dataset: TensorDataset, epochs: int) -> None:
    loader = DataLoader(dataset, batch_size=64, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = tl.optim.AdamW(model.parameters(), lr=1e-3)
    steps = epochs * len(loader)
    scheduler = tl.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    model.train()
    with tqdm(total=steps, unit="step") as progress:
        for _ in range(epochs):
            for images, labels in loader:
                optimizer.zero_grad()
                loss = criterion(model(images), labels)
                loss.backward()
                optimizer.step()
                scheduler.step()
                progress.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
                progress.update()


def predict(model: nn.Module, images: tl.Tensor) -> tl.Tensor:
    model.eval()
    with tl.no_grad():
        return model(images).argmax(dim=1)


def side_by_side(images: np.ndarray) -> str:
    """Pictures (n, 8, 8) with values from 0 to 1, drawn in letters."""
    shades = (images * (len(SHADES) - 1)).round().astype(int)
    rows = shades.transpose(1, 0, 2)
    return "\n".join("   ".join("".join(2 * SHADES[dot] for dot in dots) for dots in row) for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="two epochs: only to see that it learns")
    options = parser.parse_args()

    tl.manual_seed(0)
    train_set, test_set = load()
    model = ConvNet()
    print(model)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(train_set)} images")
    started = time.perf_counter()
    train(model, train_set, 2 if options.quick else options.epochs)
    print(f"trained in {time.perf_counter() - started:.1f} s")

    images, labels = test_set.tensors
    predicted = predict(model, images)
    is_right = predicted == labels
    accuracy = is_right.float().mean().item()
    print(f"{accuracy:.1%} of {len(labels)} images not trained on are read right\n")
    wrong = tl.nonzero(~is_right).flatten()[:4]
    print(side_by_side(images[wrong, 0].numpy()))
    notes = [f"{p}, not {t}".ljust(16) for p, t in zip(predicted[wrong], labels[wrong], strict=True)]
    print("   ".join(notes))
    assert accuracy >= (0.9 if options.quick else 0.98)


if __name__ == "__main__":
    main()
