"""DataLoader: a dataset in batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tapeless.data.collate import default_collate, default_convert
from tapeless.data.datasets import IterableDataset, samples_of
from tapeless.data.drawing import owned
from tapeless.data.prefetching import END, Prefetched
from tapeless.data.samplers import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Batches of a dataset, in order or shuffled anew for each loop over it; made ahead of time by threads.

    `dataset` has a length and items, or is an IterableDataset. `sampler` gives the indices, `batch_sampler`
    lists of them. `collate_fn` makes a batch of a list of samples: `default_collate` Tensors,
    `numpy_collate` arrays. With `batch_size=None` samples come one by one. `generator` (a `tl.Generator`, a
    NumPy one, or a seed; that of `tl.manual_seed` if None) decides the order, which is the same whatever
    `num_workers` says.

    `num_workers` THREADS make up to `prefetch_factor` batches each ahead of the loop, which gets them in
    order. They help where samples are read from disk, or made by NumPy in large pieces; the dataset must
    bear being read by several threads. What is raised there is raised in the loop. `break` ends them.

    ValueError for options that exclude each other. As `torch.utils.data.DataLoader`, whose workers are
    processes (`multiprocessing_context` is refused; `pin_memory` and `persistent_workers` mean nothing
    here).

    >>> import tapeless as tl
    >>> from tapeless.data import DataLoader, TensorDataset
    >>> dataset = TensorDataset(tl.arange(5), tl.zeros(5, 2))
    >>> for x, y in DataLoader(dataset, batch_size=2, num_workers=1):
    ...     print(x, y.shape)
    tensor([0, 1]) torch.Size([2, 2])
    tensor([2, 3]) torch.Size([2, 2])
    tensor([4]) torch.Size([1, 2])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, multiprocessing_context)
        _check_batches(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.is_iterable = isinstance(dataset, IterableDataset)
        if self.is_iterable:
            _check_iterable(shuffle, sampler, batch_sampler)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = (prefetch_factor or 2) if num_workers else None
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.generator = owned(generator)
        self.drop_last = drop_last
        self.batch_size = None if batch_sampler is not None else batch_size
        if sampler is None and not self.is_iterable:
            sampler = (
                RandomSampler(dataset, generator=self.generator) if shuffle else SequentialSampler(dataset)
            )
        self.sampler = sampler
        if batch_sampler is None and batch_size is not None:
            # of an iterable dataset there is nothing to sample, but its batch size is held to the same
            batch_sampler = BatchSampler(() if sampler is None else sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)

    def __iter__(self) -> Iterator[Any]:
        tasks, fetch = self._from_stream() if self.is_iterable else self._from_indices()
        if not self.num_workers:
            return _one_by_one(tasks, fetch)
        workers = 1 if self.is_iterable else self.num_workers
        ahead = self.num_workers * (self.prefetch_factor or 2)
        return Prefetched(tasks, fetch, workers, ahead, self.timeout, self.worker_init_fn)

    def __len__(self) -> int:
        """How many batches there are; TypeError where that is not known."""
        if not self.is_iterable:
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]
        count = len(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def _from_indices(self) -> tuple[Iterator[Any], Callable[[Any], Any]]:
        dataset, collate = self.dataset, self.collate_fn  # and not self: threads keep these
        if self.batch_sampler is None:
            return iter(self.sampler or ()), lambda index: collate(dataset[index])
        return iter(self.batch_sampler), lambda indices: collate(samples_of(dataset, indices))

    def _from_stream(self) -> tuple[Iterator[Any], Callable[[Any], Any]]:
        stream, size, collate = iter(self.dataset), self.batch_size, self.collate_fn
        is_full = self.drop_last

        def fetch(_: Any) -> Any:
            if size is None:
                sample: Any = next(stream, END)
                return END if sample is END else collate(sample)
            batch = list(itertools.islice(stream, size))
            return collate(batch) if batch and not (is_full and len(batch) < size) else END

        return itertools.repeat(None), fetch


def _one_by_one(tasks: Iterator[Any], fetch: Callable[[Any], Any]) -> Iterator[Any]:
    for task in tasks:
        batch = fetch(task)
        if batch is END:
            return
        yield batch


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, context: Any) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if not num_workers and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if context is not None:
        raise ValueError("multiprocessing_context: workers are threads here; leave it out")


def _check_batches(batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )


def _check_iterable(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
            )
