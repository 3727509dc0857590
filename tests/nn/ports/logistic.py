# ruff: noqa: N812
"""Logistic regression by LBFGS in float64; a Gaussian process fitted by its likelihood; a small attention."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


class LogisticRegression(torch.nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.linear = torch.nn.Linear(input_dim, output_dim)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


def regress(rng):
    x = rng.randn(80, 4)
    y = (x @ np.array([1.0, -2.0, 0.5, 0.0]) + 0.5 * rng.randn(80) > 0).astype(float)
    x, y = torch.as_tensor(x), torch.as_tensor(y).unsqueeze(1)
    model = LogisticRegression(4, 1)
    nn.init.zeros_(model.linear.weight)
    nn.init.zeros_(model.linear.bias)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=1, max_iter=5, line_search_fn="strong_wolfe")
    history = []

    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy(model(x), y)
        loss = loss + 0.01 * sum(p.square().sum() for p in model.parameters())
        loss.backward()
        return loss

    for _ in range(4):
        loss = optimizer.step(closure)
        history.append(loss.item())
    with torch.no_grad():
        accuracy = ((model(x) > 0.5) == y.bool()).double().mean().item()
    return [history, accuracy, model.linear.weight.tolist(), model.linear.bias.item()]


def process(rng):
    """Marginal likelihood of a Gaussian process, by Adadelta and then Adagrad."""
    x = torch.linspace(0, 3, 15).reshape(-1, 1)
    y = torch.sin(2 * x).squeeze() + 0.1 * torch.tensor(rng.randn(15))
    log_scale = nn.Parameter(torch.zeros(()))
    log_noise = nn.Parameter(torch.tensor(-1.0))
    history = []
    for name, options in (("Adadelta", {"lr": 5.0}), ("Adagrad", {"lr": 0.1, "lr_decay": 0.01})):
        optimizer = getattr(torch.optim, name)([log_scale, log_noise], **options)
        for _ in range(10):
            optimizer.zero_grad()
            distance = (x - x.T) ** 2
            kernel = torch.exp(-0.5 * distance * torch.exp(-2 * log_scale)) + log_noise.exp() * torch.eye(15)
            factor = torch.linalg.cholesky(kernel)
            white = torch.linalg.solve(kernel, y)
            loss = 0.5 * y @ white + factor.diagonal().log().sum()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
    return [history, log_scale.item(), log_noise.item()]


def attend(rng):
    """A Transformer layer that learns to turn a sequence around."""
    model = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, dropout=0.0, batch_first=True)
    for number, (name, p) in enumerate(model.named_parameters()):
        if name.endswith("bias"):
            nn.init.zeros_(p)
        elif p.dim() > 1:
            p.data.copy_(0.3 * torch.cos(torch.arange(p.numel()) * (1.1 + number)).view_as(p))
    x = torch.tensor(rng.randn(6, 5, 8))
    mask = torch.triu(torch.ones(5, 5), diagonal=1).bool()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        schedulers=[
            torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=4),
            torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95),
        ],
        milestones=[4],
    )
    history = []
    for _ in range(12):
        loss = F.mse_loss(model(x, src_mask=mask), torch.flip(x, dims=[1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        history.append([loss.item(), optimizer.param_groups[0]["lr"]])
    return history


def main(folder, stop_after=None):
    """What each of the three gives."""
    rng = np.random.RandomState(9)
    try:
        return [regress(rng), process(rng), attend(rng)]
    finally:
        torch.set_default_dtype(torch.float32)
