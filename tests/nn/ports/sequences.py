# ruff: noqa: B007, B905, N812, UP008
"""An LSTM that classifies sequences of letters: Embedding, LSTM, masks, attention, OneCycleLR."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def sentences(count, length, letters, seed):
    """Letters; the class says how often letter 1 comes: rarely, or often. 0 fills up what is too short."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 2, count)
    texts = np.zeros((count, length), dtype=np.int64)
    for text, label in zip(texts, labels):
        size = rng.randint(length // 2, length + 1)
        text[:size] = rng.choice(np.arange(1, letters), size)
        text[:size][rng.rand(size) < (0.45 if label else 0.05)] = 1
    return torch.from_numpy(texts), torch.from_numpy(labels)


class Classifier(nn.Module):
    def __init__(self, letters, size=6, hidden=8):
        super(Classifier, self).__init__()
        self.embedding = nn.Embedding(letters, size, padding_idx=0)
        self.lstm = nn.LSTM(size, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(2 * hidden, 1)
        self.fc = nn.Linear(2 * hidden, 2)

    def forward(self, x):
        mask = x != 0
        outputs, (h_n, c_n) = self.lstm(self.embedding(x))
        scores = self.attention(outputs).squeeze(-1).masked_fill(~mask, float("-inf"))
        weights = F.softmax(scores, dim=1)
        context = torch.bmm(weights.unsqueeze(1), outputs).squeeze(1)
        return self.fc(context), (h_n[-1] + c_n[-1]).mean()


def main(folder, stop_after=None):
    """Losses, norms of gradients, accuracies, learning rates."""
    letters = 9
    texts, labels = sentences(96, 10, letters, seed=11)
    train = TensorDataset(texts[:64], labels[:64])
    val = TensorDataset(texts[64:], labels[64:])
    loader = DataLoader(train, batch_size=16)

    model = Classifier(letters)
    for number, parameter in enumerate(model.parameters()):
        wave = np.cos(np.arange(parameter.numel()) * (0.9 + 0.1 * number))
        parameter.data = torch.tensor(0.4 * wave, dtype=torch.float32).view_as(parameter)
    model.embedding.weight.data[0].zero_()

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.03, steps_per_epoch=len(loader), epochs=5
    )
    history = []
    for epoch in range(5):
        model.train()
        for i, (x, y) in enumerate(loader):
            logits, last = model(x)
            loss = F.nll_loss(F.log_softmax(logits, dim=-1), y) + 0.01 * last**2
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            scheduler.step()
            history.append([loss.item(), float(norm), scheduler.get_last_lr()[0]])
        model.eval()
        with torch.no_grad():
            x, y = val.tensors
            accuracy = (model(x)[0].argmax(dim=1) == y).float().mean()
        history.append(accuracy.item())
    assert torch.all(model.embedding.weight[0] == 0)
    return history
