"""A recurrent network that predicts the next letter of a text."""

import numpy as np

from tests.source.programs.registry import Program

TEXT = "hello hello"
ALPHABET = sorted(set(TEXT))
HIDDEN = 4


def one_hot(letter):
    v = np.zeros(len(ALPHABET))
    v[ALPHABET.index(letter)] = 1.0
    return v


class CharRnn:
    def __init__(self, hidden, letters, seed=0):
        rng = np.random.default_rng(seed)
        self.hidden = hidden
        self.params = {
            "Wx": rng.normal(size=(hidden, letters)) * 0.4,
            "Wh": rng.normal(size=(hidden, hidden)) * 0.4,
            "Wy": rng.normal(size=(letters, hidden)) * 0.4,
            "bh": np.zeros(hidden),
            "by": np.zeros(letters),
        }

    def step(self, p, x, h):
        h = np.tanh(p["Wx"] @ x + p["Wh"] @ h + p["bh"])
        return h, p["Wy"] @ h + p["by"]

    def loss(self, p, text):
        h = np.zeros(self.hidden)
        total = 0.0
        for current, following in zip(text[:-1], text[1:]):
            h, scores = self.step(p, one_hot(current), h)
            scores = scores - scores.max()
            log_p = scores - np.log(np.sum(np.exp(scores)))
            total -= log_p[ALPHABET.index(following)]
        return total / (len(text) - 1)


model = CharRnn(HIDDEN, len(ALPHABET))
PROGRAMS = [Program("rnn", model.loss, (model.params, TEXT))]
