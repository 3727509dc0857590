"""Samplers: in which order a dataset's samples are taken, and in which batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from tapeless.data.drawing import owned, source_of

T_co = TypeVar("T_co", covariant=True)


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")
    return int(value)


class Sampler(Generic[T_co]):
    """What gives indices of samples, or lists of them: define `__iter__`, and `__len__` where it is known.

    As `torch.utils.data.Sampler`.

    >>> class Backwards(Sampler):
    ...     def __iter__(self):
    ...         return iter([2, 1, 0])
    >>> list(BatchSampler(Backwards(), 2, drop_last=False))
    [[2, 1], [0]]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError("Subclasses of Sampler should implement __iter__.")


class SequentialSampler(Sampler[int]):
    """0, 1, ... As `torch.utils.data.SequentialSampler`.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """All indices in random order, another one each time; with `replacement` each is drawn from all.

    `num_samples` (ValueError unless positive) may be more or fewer than there are. `generator`: a
    `tl.Generator`, a NumPy one, or a seed; that of `tl.manual_seed` if None. As
    `torch.utils.data.RandomSampler`, whose order is another.

    >>> sorted(RandomSampler("abc", generator=0))
    [0, 1, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.data_source = data_source
        self.replacement = replacement
        self.generator = owned(generator)
        self._num_samples = num_samples
        _positive("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        source, count = source_of(self.generator), len(self.data_source)
        if self.replacement:
            return iter(source.integers(count, size=self.num_samples).tolist())
        rounds = -(-self.num_samples // count)
        drawn = itertools.chain.from_iterable([source.permutation(count).tolist() for _ in range(rounds)])
        return itertools.islice(drawn, self.num_samples)

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, another one each time. As `torch.utils.data.SubsetRandomSampler`.

    >>> sorted(SubsetRandomSampler([4, 8], generator=0))
    [4, 8]
    """

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = owned(generator)

    def __iter__(self) -> Iterator[int]:
        order = source_of(self.generator).permutation(len(self.indices)).tolist()
        return iter([self.indices[place] for place in order])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices drawn with these weights, which need not add up to 1.

    ValueError for weights that are not one row of numbers from 0 on; RuntimeError for more samples without
    replacement than there are weights. As `torch.utils.data.WeightedRandomSampler`, whose draws are others.

    >>> list(WeightedRandomSampler([0.0, 3.0], 2))
    [1, 1]
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.num_samples = _positive("num_samples", num_samples)
        self.weights = np.asarray(weights, np.float64)
        self.replacement = replacement
        self.generator = owned(generator)
        if self.weights.ndim != 1:
            shape = self.weights.shape
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {shape}")
        total = self.weights.sum()
        if not (np.isfinite(total) and total > 0.0 and self.weights.min() >= 0.0):
            raise ValueError("weights should be finite numbers from 0 on, and not all of them 0")

    def __iter__(self) -> Iterator[int]:
        if not self.replacement and self.num_samples > np.count_nonzero(self.weights):
            raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
        chances = self.weights / self.weights.sum()
        drawn = source_of(self.generator).choice(
            len(chances), self.num_samples, replace=self.replacement, p=chances
        )
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of a sampler in lists of `batch_size`; `drop_last` leaves out a last, shorter one.

    ValueError unless `batch_size` is positive and `drop_last` a boolean. As `torch.utils.data.BatchSampler`.

    >>> list(BatchSampler(SequentialSampler("abcde"), 2, drop_last=True))
    [[0, 1], [2, 3]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = _positive("batch_size", batch_size)
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        return self._batches(iter(self.sampler))  # random numbers are drawn now, not with the first batch

    def _batches(self, indices: Iterator[int]) -> Iterator[list[int]]:
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
