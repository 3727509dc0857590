"""An LSTM learns to write the Python documentation, letter by letter.

    python examples/text.py [--epochs 2] [--quick]

The text ships with Python: what `help("compound")` and the like show. Prints how surprised the model is by
pages that it has not seen, in nats a letter, beside models that count letters and pairs of letters; and what
it writes by itself.
"""

from __future__ import annotations

import argparse
import re
from pydoc_data.topics import topics

import numpy as np
from tqdm import tqdm

import tapeless as tl
from tapeless import nn

TRAINED_ON = ("compound", "types", "typesseq", "string-methods", "debugger", "assignment", "attribute-access")
HELD_OUT = ("customization", "comparisons")
HIDDEN = 128
LENGTH = 32  # letters that the gradient goes back
ROWS = 8  # places of the text that are read at the same time

State = tuple[tl.Tensor, tl.Tensor]


class Writer(nn.Module):
    """Scores of the next letter after each letter of a text: (rows, letters) to (rows, letters, alphabet)."""

    def __init__(self, alphabet: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(alphabet, 32)
        self.lstm = nn.LSTM(32, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, alphabet)

    def forward(self, letters: tl.Tensor, state: State | None = None) -> tuple[tl.Tensor, State]:
        hidden, state = self.lstm(self.embedding(letters), state)
        return self.head(hidden), state


def text_of(names: tuple[str, ...]) -> str:
    """Topics of the documentation in ASCII, without tables, and with single spaces."""
    lines = [line.strip() for name in names for line in topics[name].splitlines()]
    text = "\n".join(
        re.sub(" +", " ", line) for line in lines if not line.startswith(("|", "+", "==", "--", "**"))
    )
    return "".join(letter for letter in text if letter == "\n" or " " <= letter <= "~")


def in_rows(codes: np.ndarray, rows: int) -> tl.Tensor:
    """The text in `rows` pieces of the same length, one below the other."""
    columns = len(codes) // rows
    return tl.from_numpy(codes[: rows * columns].reshape(rows, columns))


def loss_of(scores: tl.Tensor, letters: tl.Tensor) -> tl.Tensor:
    return nn.functional.cross_entropy(scores.flatten(0, 1), letters.flatten())


def train(model: Writer, text: tl.Tensor, epochs: int) -> None:
    """Truncated backpropagation: each step goes on from where the one before left the state."""
    starts = range(0, text.shape[1] - 1, LENGTH)
    steps = epochs * len(starts)
    optimizer = tl.optim.Adam(model.parameters(), lr=0.01)
    scheduler = tl.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    model.train()
    with tqdm(total=steps, unit="step") as progress:
        for _ in range(epochs):
            state = None
            for start in starts:
                piece = text[:, start : start + LENGTH + 1]
                optimizer.zero_grad()
                scores, state = model(piece[:, :-1], state)
                state = (state[0].detach(), state[1].detach())
                loss = loss_of(scores, piece[:, 1:])
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
                optimizer.step()
                scheduler.step()
                progress.set_postfix(loss=f"{loss:.3f}", refresh=False)
                progress.update()


@tl.no_grad()
def cross_entropy(model: Writer, codes: np.ndarray) -> float:
    """Of a whole text, read from left to right."""
    model.eval()
    text = in_rows(codes, 1)
    scores, _ = model(text[:, :-1])
    return loss_of(scores, text[:, 1:]).item()


def by_counting(codes: np.ndarray, unseen: np.ndarray, alphabet: int) -> tuple[float, float]:
    """Cross entropy of a text if letters, or pairs of letters, are as frequent as in another."""
    pairs = np.full((alphabet, alphabet), 0.1)
    np.add.at(pairs, (codes[:-1], codes[1:]), 1.0)
    letters = pairs.sum(axis=0) / pairs.sum()
    following = pairs / pairs.sum(axis=1, keepdims=True)
    return (
        -np.log(letters[unseen[1:]]).mean(),
        -np.log(following[unseen[:-1], unseen[1:]]).mean(),
    )


@tl.no_grad()
def write(model: Writer, alphabet: str, beginning: str, length: int, temperature: float) -> str:
    """Go on from a beginning; the lower the temperature, the more likely what is written."""
    model.eval()
    codes = [alphabet.index(letter) for letter in beginning]
    scores, state = model(tl.tensor([codes]))
    for _ in range(length):
        shares = (scores[0, -1] / temperature).softmax(dim=0)
        codes.append(tl.multinomial(shares, 1).item())
        scores, state = model(tl.tensor([codes[-1:]]), state)
    return "".join(alphabet[code] for code in codes)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a part of the text: only to see that it learns")
    options = parser.parse_args()

    tl.manual_seed(0)
    seen, unseen = text_of(TRAINED_ON[:1] if options.quick else TRAINED_ON), text_of(HELD_OUT)
    alphabet = "".join(sorted({*seen, *unseen}))
    code = {letter: number for number, letter in enumerate(alphabet)}
    codes, unseen_codes = [np.array([code[letter] for letter in text]) for text in (seen, unseen)]
    print(f"{len(seen)} letters to learn from, {len(alphabet)} different ones")

    model = Writer(len(alphabet))
    train(model, in_rows(codes, ROWS), 1 if options.quick else options.epochs)
    found = cross_entropy(model, unseen_codes)
    letters, pairs = by_counting(codes, unseen_codes, len(alphabet))
    print(f"\nnats a letter, of {len(unseen)} letters not seen before")
    for name, value in (("letters counted", letters), ("pairs counted", pairs), ("LSTM", found)):
        print(f"  {name:20}{value:8.3f}")
    print("\nWhat it writes:\n")
    print(write(model, alphabet, "The value of ", 400, temperature=0.5))
    assert found < (pairs if options.quick else 0.7 * pairs)


if __name__ == "__main__":
    main()
