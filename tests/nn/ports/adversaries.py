# ruff: noqa: B007
"""Two networks against each other, each with an optimizer of its own: the loop of adversarial training."""

import math

import numpy as np
import torch
from torch import nn


def block(n_in, n_out, normalise=True):
    layers = [nn.Linear(n_in, n_out)]
    if normalise:
        layers.append(nn.BatchNorm1d(n_out, 0.8))
    layers += [nn.LeakyReLU(0.2, inplace=True)]
    return layers


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(*block(4, 8, normalise=False), *block(8, 16), nn.Linear(16, 2))

    def forward(self, z):
        return self.model(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 16), nn.Linear(16, 16), nn.Linear(16, 1)])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x).view(-1)


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        n = m.weight.numel()
        m.weight.data = 0.5 * torch.sin(2.3 * torch.arange(n).double() + 1).view(m.weight.size())
        m.bias.data.fill_(0)
    elif classname.find("BatchNorm") != -1:
        nn.init.uniform_(m.weight.data, 1.0, 1.0)
        nn.init.constant_(m.bias.data, 0)


def main(folder, stop_after=None):
    """Both losses of each step, and statistics of what is generated."""
    rng = np.random.RandomState(5)
    netG, netD = Generator().double(), Discriminator().double()
    netG.apply(weights_init)
    netD.apply(weights_init)
    criterion = nn.BCEWithLogitsLoss()
    optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
    optimizerG = torch.optim.RMSprop(netG.parameters(), lr=1e-3)
    decay = torch.optim.lr_scheduler.LambdaLR(optimizerG, lr_lambda=lambda step: 0.99**step)

    history = []
    for step in range(30):
        angles = torch.tensor(rng.uniform(0, 2 * math.pi, 24), dtype=torch.float64)
        real = torch.stack([angles.cos(), angles.sin()], dim=1)
        noise = torch.tensor(rng.randn(24, 4))

        optimizerD.zero_grad()
        label = torch.full((24,), 1.0, dtype=real.dtype)
        errD_real = criterion(netD(real), label)
        errD_real.backward()
        fake = netG(noise)
        label.fill_(0.0)
        errD_fake = criterion(netD(fake.detach()), label)
        errD_fake.backward()

        between = real.detach() * 0.3 + fake.detach() * 0.7
        between.requires_grad_(True)
        (slope,) = torch.autograd.grad(netD(between).sum(), between, create_graph=True)
        penalty = ((slope.norm(2, dim=1) - 1) ** 2).mean()
        (0.1 * penalty).backward()
        optimizerD.step()

        for p in netD.parameters():
            p.requires_grad = False
        optimizerG.zero_grad()
        errG = criterion(netD(netG(noise)), torch.ones_like(label))
        errG.backward()
        optimizerG.step()
        decay.step()
        for p in netD.parameters():
            p.requires_grad = True
        history.append([(errD_real + errD_fake).item(), errG.item(), penalty.item()])
    netG.eval()
    with torch.inference_mode():
        made = netG(torch.tensor(rng.randn(50, 4)))
    return [history, made.mean(0).tolist(), made.std(0).tolist()]
