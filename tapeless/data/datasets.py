"""Datasets: what has samples by number, or one after the other."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from tapeless.data.drawing import source_of

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """What has samples by number: define `__getitem__` and `__len__` in a subclass.

    `__getitems__(indices)`, if there is one, gives a whole batch. A DataLoader also takes anything else with
    a length and items, such as a list. `a + b` has the samples of both. As `torch.utils.data.Dataset`.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> len(Squares() + Squares()), (Squares() + Squares())[7]
    (10, 4)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """What has samples one after the other only: define `__iter__` in a subclass.

    A DataLoader with workers reads it in one thread. As `torch.utils.data.IterableDataset`.

    >>> class Lines(IterableDataset):
    ...     def __iter__(self):
    ...         return iter(["a", "b"])
    >>> list(Lines())
    ['a', 'b']
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")


class Rows(Sequence[tuple[Any, ...]]):
    """Samples of a TensorDataset, taken at once: `parts` holds those of each tensor, in batches already."""

    def __init__(self, parts: tuple[Any, ...], length: int) -> None:
        self.parts = parts
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._length))]
        return tuple([part[index] for part in self.parts])


class TensorDataset(Dataset[tuple[Any, ...]]):
    """The rows of Tensors or arrays: sample i is `(a[i], b[i], ...)`; ValueError if their lengths differ.

    Batches are taken by one index, not row by row. As `torch.utils.data.TensorDataset`.

    >>> import tapeless as tl
    >>> TensorDataset(tl.tensor([1.0, 2.0]), tl.tensor([0, 1]))[1]
    (tensor(2.), tensor(1))
    """

    def __init__(self, *tensors: Any) -> None:
        lengths = [len(tensor) for tensor in tensors]
        if len(set(lengths)) > 1:
            raise ValueError(f"Size mismatch between tensors: they have {lengths} rows")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple([tensor[index] for tensor in self.tensors])

    def __getitems__(self, indices: Sequence[int]) -> Rows:
        at = np.asarray(indices, np.intp)
        return Rows(tuple([tensor[at] for tensor in self.tensors]), len(at))

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset[T_co]):
    """The samples of a dataset at some indices. As `torch.utils.data.Subset`.

    >>> list(Subset("abcde", [4, 0]))
    ['e', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[[self.indices[place] for place in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> Any:
        return samples_of(self.dataset, [self.indices[index] for index in indices])

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[T_co]):
    """The samples of several datasets, one dataset after the other. As `torch.utils.data.ConcatDataset`.

    ValueError for none; TypeError for an IterableDataset.

    >>> ConcatDataset(["abc", "de"])[-1]
    'e'
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise TypeError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __getitem__(self, index: int) -> T_co:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"index {index} is out of range of {len(self)} samples")
        which = bisect.bisect_right(self.cumulative_sizes, place)
        return self.datasets[which][place - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def samples_of(dataset: Any, indices: Sequence[int]) -> Any:
    """A batch of samples, all at once where the dataset can."""
    at_once = getattr(dataset, "__getitems__", None)
    return at_once(indices) if at_once is not None else [dataset[index] for index in indices]


def random_split(dataset: Any, lengths: Sequence[int | float], generator: Any = None) -> list[Subset[Any]]:
    """Subsets of these lengths, or fractions of the whole, that have no sample in common.

    Fractions are rounded down, and the first ones get one more until none is left over. `generator`: a
    `tl.Generator`, a NumPy one, or a seed; that of `tl.manual_seed` if None. ValueError if the lengths do
    not add up to the dataset's. As `torch.utils.data.random_split`, whose order is another.

    >>> [len(part) for part in random_split(range(10), [0.7, 0.3], generator=0)]
    [7, 3]
    """
    counts = [int(length) for length in lengths]
    if math.isclose(sum(lengths), 1.0) and sum(lengths) <= 1.0:
        counts = _counts(lengths, len(dataset))
    if sum(counts) != len(dataset) or min(counts, default=0) < 0:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = source_of(generator).permutation(len(dataset)).tolist()
    ends = list(itertools.accumulate(counts))
    return [Subset(dataset, order[end - count : end]) for end, count in zip(ends, counts, strict=True)]


def _counts(fractions: Sequence[float], total: int) -> list[int]:
    for place, fraction in enumerate(fractions):
        if not 0.0 <= fraction <= 1.0:
            raise ValueError(f"Fraction at index {place} is not between 0 and 1")
    counts = [math.floor(total * fraction) for fraction in fractions]
    for place in range(total - sum(counts)):
        counts[place % len(counts)] += 1
    for place, count in enumerate(counts):
        if not count:
            warnings.warn(
                f"Length of split at index {place} is 0. This might result in an empty dataset.", stacklevel=3
            )
    return counts
