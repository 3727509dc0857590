"""Loaders: what they give, in which order, and how their threads end."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import textwrap
import threading
import time
import traceback

import numpy as np
import pytest

import tapeless as tl
from tapeless.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    numpy_collate,
)
from tapeless.data.prefetching import Worker

WORKERS = [0, 1, 3]


class Numbers(Dataset):
    """0, 1, ...; `at` is where something happens."""

    def __init__(self, count, at=None, happens=None):
        self.count, self.at, self.happens = count, at, happens

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == self.at:
            self.happens()
        return index


class Stream(IterableDataset):
    def __init__(self, count):
        self.count = count

    def __iter__(self):
        return iter(range(self.count))

    def __len__(self):
        return self.count


def fail():
    raise ValueError("the file of this sample is broken")


def lists(loader):
    return [batch.tolist() for batch in loader]


def workers():
    return [thread for thread in threading.enumerate() if isinstance(thread, Worker)]


def wait_until(condition, seconds=10.0):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.001)
    return condition()


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert wait_until(lambda: not workers())


# What comes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_workers", WORKERS)
def test_batches_come_in_order_and_the_last_is_shorter(num_workers):
    loader = DataLoader(Numbers(7), batch_size=3, num_workers=num_workers)

    assert lists(loader) == [[0, 1, 2], [3, 4, 5], [6]]
    assert lists(loader) == [[0, 1, 2], [3, 4, 5], [6]]
    assert len(loader) == 3


@pytest.mark.parametrize("num_workers", WORKERS)
def test_a_last_batch_that_is_not_full_is_dropped_if_asked(num_workers):
    loader = DataLoader(Numbers(7), batch_size=3, drop_last=True, num_workers=num_workers)

    assert lists(loader) == [[0, 1, 2], [3, 4, 5]]
    assert len(loader) == 2


def test_batches_keep_their_order_however_long_each_takes():
    class Uneven(Numbers):
        def __getitem__(self, index):
            time.sleep(0.01 if index % 4 == 0 else 0.0)
            return index

    loader = DataLoader(Uneven(20), num_workers=4, prefetch_factor=3)

    assert [batch.item() for batch in loader] == list(range(20))


@pytest.mark.parametrize("make", [int, lambda seed: tl.Generator().manual_seed(seed), np.random.default_rng])
def test_a_seed_decides_the_order_whatever_the_number_of_workers(make):
    epochs = []
    for num_workers in WORKERS:
        loader = DataLoader(
            Numbers(10), batch_size=4, shuffle=True, generator=make(3), num_workers=num_workers
        )
        epochs.append([lists(loader), lists(loader)])

    assert epochs[0] == epochs[1] == epochs[2]
    assert epochs[0][0] != epochs[0][1]
    assert sorted(itertools.chain(*epochs[0][0])) == list(range(10))


@pytest.mark.parametrize("num_workers", WORKERS)
def test_manual_seed_decides_the_order_if_there_is_no_generator(num_workers):
    loader = DataLoader(Numbers(10), batch_size=4, shuffle=True, num_workers=num_workers)

    tl.manual_seed(5)
    first = lists(loader)
    drawn = tl.rand(1).item()
    tl.manual_seed(5)

    assert lists(loader) == first
    assert tl.rand(1).item() == drawn


def test_the_order_is_drawn_when_the_loop_begins():
    loader = DataLoader(Numbers(10), batch_size=4, shuffle=True)
    tl.manual_seed(5)
    expected = lists(loader)
    tl.manual_seed(5)
    batches = iter(loader)
    tl.manual_seed(99)

    assert [batch.tolist() for batch in batches] == expected


def test_rows_of_tensors_are_taken_at_once():
    x, y = tl.randn(10, 3), tl.arange(10)
    loader = DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True, generator=0)

    for rows, labels in loader:
        assert isinstance(rows, tl.Tensor)
        assert tl.equal(rows, x[labels])
    assert labels.dtype == tl.int64


def test_a_dataset_is_asked_for_a_batch_at_once_if_it_can():
    asked = []

    class Batches(Numbers):
        def __getitems__(self, indices):
            asked.append(indices)
            return [10 * index for index in indices]

    found = lists(DataLoader(Subset(Batches(10), [5, 6, 7]), batch_size=2))

    assert asked == [[5, 6], [7]]
    assert found == [[50, 60], [70]]


def test_a_collate_function_of_ones_own_gets_the_samples():
    dataset = TensorDataset(tl.tensor([1.0, 2.0, 3.0]), tl.tensor([0, 1, 0]))

    found = list(DataLoader(dataset, batch_size=2, collate_fn=lambda batch: [y.item() for _, y in batch]))

    assert found == [[0, 1], [0]]


def test_batches_of_arrays_are_for_functions_that_are_differentiated():
    x, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 1])
    loader = DataLoader(TensorDataset(x, y), batch_size=2, collate_fn=numpy_collate, num_workers=2)

    gradients = [tl.grad(lambda w, x=x: np.sum(x @ w))(np.ones(2)) for x, y in loader]

    np.testing.assert_allclose(gradients, [[2.0, 4.0], [4.0, 5.0]])


@pytest.mark.parametrize("num_workers", WORKERS)
def test_samples_come_one_by_one_without_a_batch_size(num_workers):
    loader = DataLoader(["a", "b"], batch_size=None, num_workers=num_workers)

    assert list(loader) == ["a", "b"]
    assert len(loader) == 2


@pytest.mark.parametrize("num_workers", WORKERS)
def test_samplers_and_batch_samplers_give_the_order(num_workers):
    backwards = DataLoader(Numbers(4), sampler=[3, 2, 1, 0], batch_size=2, num_workers=num_workers)
    uneven = DataLoader(Numbers(4), batch_sampler=[[0], [3, 1]], num_workers=num_workers)

    assert lists(backwards) == [[3, 2], [1, 0]]
    assert lists(uneven) == [[0], [3, 1]]
    assert len(uneven) == 2


@pytest.mark.parametrize("num_workers", WORKERS)
def test_streams_are_read_in_order(num_workers):
    assert lists(DataLoader(Stream(5), batch_size=2, num_workers=num_workers)) == [[0, 1], [2, 3], [4]]
    assert lists(DataLoader(Stream(5), batch_size=2, drop_last=True, num_workers=num_workers)) == [
        [0, 1],
        [2, 3],
    ]
    assert list(DataLoader(Stream(3), batch_size=None, num_workers=num_workers)) == [0, 1, 2]
    assert len(DataLoader(Stream(5), batch_size=2)) == 3
    assert len(DataLoader(Stream(5), batch_size=2, drop_last=True)) == 2


def test_several_loops_over_one_loader_do_not_disturb_one_another():
    loader = DataLoader(Numbers(6), batch_size=2, num_workers=2)

    pairs = [(a.tolist(), b.tolist()) for a, b in zip(loader, loader, strict=True)]

    assert pairs == [([0, 1], [0, 1]), ([2, 3], [2, 3]), ([4, 5], [4, 5])]


def test_nothing_gives_no_batches():
    assert list(DataLoader([], num_workers=2)) == []


def test_no_more_is_fetched_ahead_than_was_said():
    fetched = []

    class Noted(Numbers):
        def __getitem__(self, index):
            fetched.append(index)
            return index

    batches = iter(DataLoader(Noted(100), num_workers=2, prefetch_factor=3))
    next(batches)
    assert wait_until(lambda: len(fetched) == 7)
    time.sleep(0.02)

    assert len(fetched) == 7
    del batches


def test_threads_work_at_the_same_time():
    barrier = threading.Barrier(3)

    class Together(Numbers):
        def __getitem__(self, index):
            barrier.wait(timeout=10)
            return index

    assert len(list(DataLoader(Together(9), num_workers=3))) == 9


def test_modes_of_the_consumer_hold_in_the_threads():
    class Modes(Numbers):
        def __getitem__(self, index):
            return tl.is_grad_enabled(), np.geterr()["divide"]

    loader = DataLoader(Modes(1), num_workers=1, collate_fn=list)
    with tl.no_grad(), np.errstate(divide="raise"):
        assert list(loader) == [[(False, "raise")]]


def test_a_function_for_a_start_runs_in_each_thread():
    started = []
    list(DataLoader(Numbers(4), num_workers=2, worker_init_fn=started.append))

    assert sorted(started) == [0, 1]


# What goes wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_workers", WORKERS)
def test_exceptions_come_in_their_place_with_their_traceback(num_workers):
    loader = DataLoader(Numbers(20, at=5, happens=fail), batch_size=2, num_workers=num_workers)
    batches = iter(loader)

    assert [next(batches).tolist(), next(batches).tolist()] == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="the file of this sample is broken") as caught:
        next(batches)

    assert any(frame.name == "fail" for frame in traceback.extract_tb(caught.value.__traceback__))
    if num_workers:
        assert "of a DataLoader, for [4, 5]" in caught.value.__notes__[0]


@pytest.mark.parametrize("num_workers", WORKERS)
@pytest.mark.parametrize("kind", [StopIteration, SystemExit, TimeoutError])
def test_no_exception_ends_the_loop_as_if_it_were_over(num_workers, kind):
    def happens():
        raise kind("odd")

    with pytest.raises((RuntimeError, kind)):
        list(DataLoader(Numbers(4, at=2, happens=happens), num_workers=num_workers))


@pytest.mark.parametrize("num_workers", WORKERS)
def test_exceptions_of_a_sampler_come_in_their_place(num_workers):
    def sampler():
        yield from [0, 1, 2]
        fail()

    batches = iter(DataLoader(Numbers(9), sampler=sampler(), num_workers=num_workers))

    assert [next(batches).item() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(batches)


@pytest.mark.parametrize("num_workers", WORKERS)
def test_exceptions_of_collating_and_of_streams_come_too(num_workers):
    class Broken(Stream):
        def __iter__(self):
            yield 1
            fail()

    with pytest.raises(TypeError, match="default_collate: batch must contain tensors"):
        list(DataLoader([None], num_workers=num_workers))
    with pytest.raises(ValueError, match="broken"):
        list(DataLoader(Broken(3), num_workers=num_workers))


def test_a_start_that_fails_is_said():
    with pytest.raises(ValueError, match="broken") as caught:
        list(DataLoader(Numbers(4), num_workers=2, worker_init_fn=lambda number: fail()))

    assert "in worker_init_fn" in caught.value.__notes__[0]


def test_after_an_exception_there_is_nothing_more():
    batches = iter(DataLoader(Numbers(20, at=0, happens=fail), num_workers=2))
    with pytest.raises(ValueError, match="broken"):
        next(batches)

    assert list(batches) == []


def test_a_batch_that_takes_too_long_is_an_error():
    wait = threading.Event()
    loader = DataLoader(Numbers(2, at=0, happens=wait.wait), num_workers=1, timeout=0.02)

    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.02 seconds"):
        list(loader)
    wait.set()


def test_threads_end_when_the_loop_is_left():
    for _ in DataLoader(Numbers(1000), num_workers=3):
        break

    assert wait_until(lambda: not workers())


def test_threads_end_though_the_iterator_is_in_a_cycle():
    cycle = [iter(DataLoader(Numbers(1000), num_workers=3))]
    cycle.append(cycle)
    next(cycle[0])
    del cycle
    gc.collect()

    assert wait_until(lambda: not workers())


def test_an_iterator_can_be_closed():
    batches = iter(DataLoader(Numbers(1000), num_workers=2))
    next(batches)
    batches.close()

    assert list(batches) == []
    assert wait_until(lambda: not workers())


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(3)", "1 / 0"])
def test_the_program_ends_in_the_middle_of_a_loop(end):
    program = textwrap.dedent(f"""
        import time
        import numpy as np
        from tapeless.data import DataLoader

        class Slow:
            def __len__(self):
                return 1000
            def __getitem__(self, index):
                if index == 3:
                    time.sleep(100)
                return np.ones((100, 100)) @ np.ones((100, 100))

        batches = iter(DataLoader(Slow(), num_workers=3))
        next(batches)
        {end}
    """)

    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == {"pass": 0, "1 / 0": 1}.get(end, 3)
    assert ("ZeroDivisionError" in done.stderr) == (end == "1 / 0")
    assert "Exception ignored" not in done.stderr
    assert "Fatal" not in done.stderr
    assert time.monotonic() - started < 30


REFUSED = [
    ({"num_workers": -1}, "num_workers option should be non-negative; use num_workers=0"),
    ({"timeout": -1}, "timeout option should be non-negative"),
    ({"prefetch_factor": 2}, "prefetch_factor option could only be specified in multiprocessing"),
    ({"num_workers": 1, "prefetch_factor": -2}, "prefetch_factor option should be non-negative"),
    ({"multiprocessing_context": "fork"}, "workers are threads here"),
    ({"sampler": [0], "shuffle": True}, "sampler option is mutually exclusive with shuffle"),
    ({"batch_sampler": [[0]], "batch_size": 3}, "batch_sampler option is mutually exclusive with batch_size"),
    ({"batch_size": None, "drop_last": True}, "batch_size=None option disables auto-batching"),
    ({"batch_size": 0}, "batch_size should be a positive integer value, but got batch_size=0"),
    ({"batch_size": 2.5}, r"batch_size should be a positive integer value, but got batch_size=2\.5"),
    ({"drop_last": 1}, "drop_last should be a boolean value, but got drop_last=1"),
]


@pytest.mark.parametrize(("options", "text"), REFUSED)
def test_options_that_make_no_sense_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        DataLoader(Numbers(3), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}])
def test_a_stream_has_no_order_to_choose(options):
    (name,) = options
    with pytest.raises(
        ValueError, match=f"DataLoader with IterableDataset: expected unspecified {name} option"
    ):
        DataLoader(Stream(3), **options)


def test_shuffling_nothing_is_refused_as_pytorch_does():
    with pytest.raises(
        ValueError, match="num_samples should be a positive integer value, but got num_samples=0"
    ):
        DataLoader([], shuffle=True)


def test_a_generator_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="generator should be a tapeless"):
        DataLoader(Numbers(3), shuffle=True, generator="seed")


# Training -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_workers", [0, 2])
def test_training_gives_the_same_weights_whatever_the_number_of_workers(num_workers):
    x = tl.tensor(np.random.default_rng(0).normal(size=(50, 3)))
    dataset = TensorDataset(x, x @ tl.tensor([1.0, -2.0, 0.5], dtype=tl.float64))
    w = tl.zeros(3, dtype=tl.float64, requires_grad=True)
    for _ in range(20):
        for batch, target in DataLoader(dataset, 10, shuffle=True, generator=1, num_workers=num_workers):
            loss = tl.nn.functional.mse_loss(batch @ w, target)
            loss.backward()
            with tl.no_grad():
                w -= 0.1 * w.grad
            w.grad = None

    np.testing.assert_allclose(w.tolist(), [1.0, -2.0, 0.5], atol=1e-3)


def test_samplers_may_be_named_as_they_are_in_pytorch():
    dataset = Numbers(6)
    loader = DataLoader(dataset, batch_sampler=BatchSampler(RandomSampler(dataset, generator=0), 3, False))

    assert sorted(itertools.chain(*lists(loader))) == list(range(6))
    assert lists(DataLoader(dataset, sampler=SequentialSampler(dataset), batch_size=6)) == [list(range(6))]
