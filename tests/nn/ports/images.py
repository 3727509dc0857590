# ruff: noqa: B905, N812
"""A convolutional net on small pictures: train, validate, schedule, clip, keep the best, save and resume."""

import copy
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

EPOCHS = 6
BATCH_SIZE = 16


class Shapes(Dataset):
    """Noisy 8 x 8 pictures of bars across, bars down, and crosses."""

    def __init__(self, size, seed):
        rng = np.random.RandomState(seed)
        self.labels = rng.randint(0, 3, size)
        self.images = 0.6 * rng.randn(size, 1, 8, 8).astype(np.float32)
        for image, label, place in zip(self.images, self.labels, rng.randint(1, 7, size)):
            if label in (0, 2):
                image[0, place, :] += 1.0
            if label in (1, 2):
                image[0, :, place] += 1.0

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return torch.from_numpy(self.images[index]), torch.tensor(self.labels[index])


class EpochSampler(Sampler):
    """Another order in each epoch, the same in each run."""

    def __init__(self, data_source):
        self.data_source = data_source
        self.epoch = 0

    def __iter__(self):
        rng = np.random.RandomState(1000 + self.epoch)
        return iter(rng.permutation(len(self.data_source)).tolist())

    def __len__(self):
        return len(self.data_source)


class Net(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.conv = nn.Conv2d(6, 8, kernel_size=3)
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc1 = nn.Linear(8, 16)
        self.norm = nn.BatchNorm1d(16)
        self.fc2 = nn.Linear(16, num_classes)

    def forward(self, x):
        x = self.features(x)
        x = F.relu(self.conv(x))
        x = torch.flatten(self.pool(x), 1)
        x = F.leaky_relu(self.norm(self.fc1(x)), 0.1)
        return self.fc2(x)


def init_weights(model, seed=0):
    """The same first weights whatever the library draws."""
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for name, param in model.named_parameters():
            if param.dim() > 1:
                fan_in = param[0].numel()
                param.copy_(torch.from_numpy(rng.randn(*param.shape) / np.sqrt(fan_in)))
            elif name.endswith("bias"):
                nn.init.zeros_(param)


def train_epoch(model, loader, criterion, optimizer, device):
    model.train()
    losses = []
    for inputs, targets in loader:
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        assert torch.isfinite(norm)
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def evaluate(model, loader, criterion, device):
    model.eval()
    total, correct, count = 0.0, 0, 0
    for inputs, targets in loader:
        inputs, targets = inputs.to(device), targets.to(device)
        outputs = model(inputs)
        total += criterion(outputs, targets).item() * targets.size(0)
        _, predicted = torch.max(outputs, 1)
        correct += (predicted == targets).sum().item()
        count += targets.size(0)
    return total / count, correct / count


def main(folder, stop_after=None):
    """The training losses of all steps run, and each epoch's validation loss, accuracy and learning rate."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = Shapes(240, seed=7)
    train_set, val_set = Subset(data, range(192)), Subset(data, range(192, 240))
    sampler = EpochSampler(train_set)
    train_loader = DataLoader(train_set, batch_size=BATCH_SIZE, sampler=sampler, drop_last=True)
    val_loader = DataLoader(val_set, batch_size=32, shuffle=False, num_workers=0)

    model = Net().to(device)
    init_weights(model)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)

    path = os.path.join(folder, "checkpoint.pt")
    start, best, history = 0, float("inf"), []
    if os.path.exists(path):
        checkpoint = torch.load(path, map_location=device)
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        scheduler.load_state_dict(checkpoint["scheduler"])
        start, best = checkpoint["epoch"] + 1, checkpoint["best"]

    for epoch in range(start, EPOCHS if stop_after is None else stop_after):
        sampler.epoch = epoch
        losses = train_epoch(model, train_loader, criterion, optimizer, device)
        val_loss, accuracy = evaluate(model, val_loader, criterion, device)
        scheduler.step()
        if val_loss < best:
            best = val_loss
            best_weights = copy.deepcopy(model.state_dict())
            torch.save(best_weights, os.path.join(folder, "best.pt"))
        state = {
            "epoch": epoch,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "best": best,
        }
        torch.save(state, path)
        history.append([*losses, val_loss, accuracy, scheduler.get_last_lr()[0]])
        print(f"epoch {epoch}: loss {np.mean(losses):.4f}, val {val_loss:.4f}, accuracy {accuracy:.1%}")

    model.load_state_dict(torch.load(os.path.join(folder, "best.pt")))
    history.append(list(evaluate(model, val_loader, criterion, device)))
    return history
