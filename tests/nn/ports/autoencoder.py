# ruff: noqa: B905
"""A denoising autoencoder: ModuleDict, hooks, buffers, Adam with groups, a plateau schedule."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim


class Standardise(nn.Module):
    """Takes the mean away and divides by the deviation, which are learned from data but not trained."""

    def __init__(self, features):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.register_buffer("count", torch.tensor(0), persistent=False)

    def fit(self, x):
        self.mean.copy_(x.mean(dim=0))
        self.std = x.std(dim=0) + 1e-3
        self.count += len(x)

    def forward(self, x):
        return (x - self.mean) / self.std

    def extra_repr(self):
        return f"features={self.mean.numel()}"


class AutoEncoder(nn.Module):
    def __init__(self, features=12, hidden=10, code=3):
        super().__init__()
        self.scale = Standardise(features)
        self.parts = nn.ModuleDict(
            {
                "encoder": nn.Sequential(nn.Linear(features, hidden), nn.ELU(), nn.Linear(hidden, code)),
                "decoder": nn.Sequential(nn.Linear(code, hidden), nn.Tanh(), nn.Linear(hidden, features)),
            }
        )
        self.gain = nn.Parameter(torch.full((code,), 0.5))
        self.norm = nn.LayerNorm(code, elementwise_affine=False)

    def forward(self, x):
        code = self.norm(self.parts["encoder"](x)) * self.gain
        return self.parts["decoder"](code), code


def init_weights(module):
    if isinstance(module, nn.Linear):
        rows, columns = module.weight.shape
        grid = torch.arange(rows * columns, dtype=torch.float32).reshape(rows, columns)
        with torch.no_grad():
            module.weight.copy_(torch.sin(grid * 1.7) / columns**0.5)
        nn.init.constant_(module.bias, 0.01)


def main(folder, stop_after=None):
    """Losses, learning rates, what hooks saw, the state's keys and the printed model."""
    rng = np.random.RandomState(3)
    basis = rng.randn(3, 12)
    clean = torch.tensor(rng.randn(128, 3) @ basis, dtype=torch.float)
    noisy = clean + 0.2 * torch.tensor(rng.randn(128, 12)).float()

    model = AutoEncoder().apply(init_weights)
    model.scale.fit(noisy)
    decay = [p for n, p in model.named_parameters() if n.endswith("weight")]
    others = [p for n, p in model.named_parameters() if not n.endswith("weight")]
    groups = [{"params": decay, "weight_decay": 1e-2}, {"params": others, "lr": 5e-3}]
    optimizer = optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.98), weight_decay=0.0)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=5e-2)
    criterion = nn.SmoothL1Loss(beta=0.5)

    seen, gradients = [], []
    handle = model.parts["encoder"].register_forward_hook(
        lambda module, args, output: seen.append(output.abs().mean().item())
    )
    model.gain.register_hook(lambda grad: gradients.append(grad.norm().item()))

    losses = []
    for epoch in range(25):
        if epoch == 20:
            handle.remove()
            model.parts["encoder"].requires_grad_(False)
        running = 0.0
        for batch, target in zip(torch.split(noisy, 32), torch.split(clean, 32)):
            optimizer.zero_grad(set_to_none=True)
            restored, code = model(batch)
            loss = criterion(restored, model.scale(target)) + 1e-3 * code.pow(2).sum(1).mean()
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 0.05)
            optimizer.step()
            running += loss.item() * len(batch)
        scheduler.step(running)
        losses.append(running / len(noisy))
    rates = [group["lr"] for group in optimizer.param_groups]
    keys = list(model.state_dict().keys())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(model)
    return [losses, seen, gradients, rates, keys, trained, repr(model), int(model.scale.count)]
