"""Datasets, splits, samplers and collating."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import tapeless as tl
from tapeless.data import (
    BatchSampler,
    ConcatDataset,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    numpy_collate,
    random_split,
)

Point = namedtuple("Point", "x y")


# Datasets -------------------------------------------------------------------------------------------------


def test_rows_of_tensors_are_samples():
    dataset = TensorDataset(tl.arange(4), tl.ones(4, 2))

    assert len(dataset) == 4
    assert dataset[2][0].item() == 2
    assert dataset[-1][0].item() == 3
    assert dataset[[1, 3]][0].tolist() == [1, 3]
    assert dataset[1:][1].shape == (3, 2)


def test_rows_taken_at_once_are_the_rows_taken_one_by_one():
    dataset = TensorDataset(tl.randn(5, 2), np.arange(5))

    rows = dataset.__getitems__([4, 0, 4])

    assert len(rows) == 3
    assert [y for _, y in rows] == [4, 0, 4]
    assert all(tl.equal(row[0], dataset[place][0]) for row, place in zip(rows, [4, 0, 4], strict=True))
    assert [y for _, y in rows[1:]] == [0, 4]


def test_gradients_flow_through_rows():
    x = tl.ones(4, 2, requires_grad=True)
    (batch,) = default_collate(TensorDataset(x).__getitems__([1, 1, 3]))
    batch.sum().backward()

    assert x.grad.tolist() == [[0, 0], [2, 2], [0, 0], [1, 1]]


def test_tensors_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"Size mismatch between tensors: they have \[2, 3\] rows"):
        TensorDataset(tl.ones(2), tl.ones(3))


def test_subsets_of_subsets_and_sums_of_datasets():
    letters = Subset("abcdef", [5, 3, 1])
    both = ConcatDataset([letters, "xy"])

    assert list(Subset(letters, [2, 0])) == ["b", "f"]
    assert [both[place] for place in range(-5, 5)] == ["f", "d", "b", "x", "y"] * 2
    assert Subset(TensorDataset(tl.arange(9)), [4, 5])[[0, 1]][0].tolist() == [4, 5]
    with pytest.raises(IndexError, match="index 5 is out of range of 5 samples"):
        both[5]
    with pytest.raises(IndexError):
        both[-6]


def test_what_subclasses_must_define_is_said():
    with pytest.raises(NotImplementedError, match="Subclasses of Dataset should implement __getitem__"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="Subclasses of IterableDataset should implement __iter__"):
        iter(IterableDataset())
    with pytest.raises(NotImplementedError, match="Subclasses of Sampler should implement __iter__"):
        iter(Sampler())
    with pytest.raises(ValueError, match="datasets should not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(TypeError, match="ConcatDataset does not support IterableDataset"):
        ConcatDataset([IterableDataset()])


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [([3, 7], [3, 7]), ([0.35, 0.35, 0.3], [4, 3, 3]), ([0.5, 0.5], [5, 5]), ([10], [10]), ([1.0], [10])],
)
def test_a_split_has_every_sample_once(lengths, expected):
    parts = random_split(range(10), lengths, generator=2)

    assert [len(part) for part in parts] == expected
    assert sorted(sample for part in parts for sample in part) == list(range(10))


def test_a_seed_decides_the_split():
    def split(generator):
        return [list(part) for part in random_split(range(20), [5, 15], generator)]

    assert split(3) == split(3) == split(tl.Generator().manual_seed(3)) == split(np.random.default_rng(3))
    assert split(3) != split(4)
    tl.manual_seed(1)
    first = split(None)
    tl.manual_seed(1)
    assert split(None) == first


def test_lengths_that_do_not_add_up_are_refused():
    for lengths in ([3, 3], [0.3, 0.3], [12, -2]):
        with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
            random_split(range(10), lengths)
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.9, 0.1])


# Samplers -------------------------------------------------------------------------------------------------


def test_random_samplers_give_every_index_or_as_many_as_asked():
    assert sorted(RandomSampler(range(9), generator=0)) == list(range(9))
    assert len(set(RandomSampler(range(9), num_samples=4, generator=0))) == 4
    many = list(RandomSampler(range(3), num_samples=8, generator=0))
    assert len(many) == 8
    assert sorted(many[:3]) == sorted(many[3:6]) == [0, 1, 2]
    drawn = list(RandomSampler(range(3), replacement=True, num_samples=50, generator=0))
    assert set(drawn) == {0, 1, 2}
    assert len(RandomSampler(range(3), num_samples=8)) == 8


def test_each_round_has_another_order_and_a_seed_the_same_rounds():
    sampler = RandomSampler(range(20), generator=7)
    first, second = list(sampler), list(sampler)
    again = RandomSampler(range(20), generator=7)

    assert first != second
    assert [list(again), list(again)] == [first, second]


def test_indices_are_python_ints():
    for sampler in (
        RandomSampler(range(3)),
        RandomSampler(range(3), replacement=True),
        SubsetRandomSampler([0, 1]),
        WeightedRandomSampler([1.0, 1.0], 3),
        SequentialSampler(range(3)),
    ):
        assert {type(index) for index in sampler} == {int}


def test_weights_decide_how_often():
    drawn = list(WeightedRandomSampler([1.0, 0.0, 3.0], 4000, generator=0))

    assert drawn.count(1) == 0
    assert abs(drawn.count(2) / 4000 - 0.75) < 0.03
    assert sorted(WeightedRandomSampler([1.0, 0.0, 3.0], 2, replacement=False, generator=0)) == [0, 2]


def test_subsets_are_shuffled():
    assert sorted(SubsetRandomSampler([3, 9, 5], generator=0)) == [3, 5, 9]
    assert len(SubsetRandomSampler([3, 9, 5])) == 3


@pytest.mark.parametrize(
    ("drop_last", "expected"), [(False, [[0, 1], [2, 3], [4]]), (True, [[0, 1], [2, 3]])]
)
def test_batches_of_indices(drop_last, expected):
    sampler = BatchSampler(SequentialSampler(range(5)), 2, drop_last)

    assert list(sampler) == expected
    assert len(sampler) == len(expected)


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: RandomSampler([]), ValueError, "num_samples should be a positive integer value"),
        (lambda: RandomSampler([1], num_samples=0), ValueError, "but got num_samples=0"),
        (lambda: RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean value"),
        (lambda: WeightedRandomSampler([1.0], -1), ValueError, "but got num_samples=-1"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, r"given weights have shape \(1, 1\)"),
        (lambda: WeightedRandomSampler([1.0, -1.0], 1), ValueError, "finite numbers from 0 on"),
        (lambda: WeightedRandomSampler([0.0], 1), ValueError, "not all of them 0"),
        (lambda: WeightedRandomSampler([1.0], 1, replacement="a"), ValueError, "should be a boolean value"),
        (lambda: list(WeightedRandomSampler([1.0], 2, False)), RuntimeError, "without replacement"),
        (lambda: BatchSampler([], 0, False), ValueError, "batch_size should be a positive integer value"),
        (lambda: BatchSampler([], True, False), ValueError, "batch_size should be a positive integer value"),
        (lambda: BatchSampler([], 1, 1), ValueError, "drop_last should be a boolean value"),
        (lambda: RandomSampler([1], generator=2.5), TypeError, "a seed or None, but got float"),
    ],
)
def test_samplers_refuse_what_makes_no_sense(make, kind, text):
    with pytest.raises(kind, match=text):
        make()


# Collating ------------------------------------------------------------------------------------------------


def test_numbers_become_tensors_of_pytorchs_dtypes():
    batch = default_collate([(1, 2.0, True, 1j, "a", b"b", np.float32(3.0))] * 2)

    assert [part.dtype for part in batch[:4]] == [tl.int64, tl.float64, tl.bool, tl.complex128]
    assert batch[4:6] == [["a", "a"], [b"b", b"b"]]
    assert batch[6].dtype == tl.float32


def test_tensors_and_arrays_are_stacked():
    x = tl.ones(2, requires_grad=True)
    batch = default_collate(
        [{"x": x, "y": np.zeros(3, np.float32)}, {"x": 2 * x, "y": np.ones(3, np.float32)}]
    )
    batch["x"].sum().backward()

    assert batch["x"].tolist() == [[1.0, 1.0], [2.0, 2.0]]
    assert batch["y"].dtype == tl.float32
    assert batch["y"].shape == (2, 3)
    assert x.grad.tolist() == [3.0, 3.0]


def test_containers_keep_their_kind_but_tuples_are_lists():
    sample = OrderedDict(b=Point(1.0, (2, [3])), a=[4])

    batch = default_collate([sample, sample])

    assert type(batch) is OrderedDict
    assert list(batch) == ["b", "a"]
    assert type(batch["b"]) is Point
    assert type(batch["b"].y) is list
    assert batch["b"].y[1][0].tolist() == [3, 3]


def test_arrays_for_the_other_road():
    batch = numpy_collate([{"x": tl.ones(2, requires_grad=True), "y": 1}, {"x": tl.zeros(2), "y": 2}])

    assert {type(part) for part in batch.values()} == {np.ndarray}
    np.testing.assert_array_equal(batch["x"], [[1.0, 1.0], [0.0, 0.0]])
    assert [type(part) for part in numpy_collate(TensorDataset(tl.ones(3)).__getitems__([0]))] == [np.ndarray]


@pytest.mark.parametrize("collate", [default_collate, numpy_collate])
@pytest.mark.parametrize(
    ("batch", "kind", "text"),
    [
        ([None], TypeError, "found <class 'NoneType'>"),
        ([object()], TypeError, "found <class 'object'>"),
        ([[1, 2], [3]], RuntimeError, "each element in list of batch should be of equal size"),
        (
            [np.ones(2), np.ones(3)],
            RuntimeError,
            r"equal size, but got \[2\] at entry 0 and \[3\] at entry 1",
        ),
        (
            [tl.ones(2), tl.ones(3)],
            RuntimeError,
            r"equal size, but got \[2\] at entry 0 and \[3\] at entry 1",
        ),
        ([np.array(["a"])], TypeError, "default_collate: batch must contain"),
        ([{"a": 1}, {"b": 1}], KeyError, "a"),
    ],
)
def test_what_makes_no_batch_is_refused(collate, batch, kind, text):
    with pytest.raises(kind, match=text):
        collate(batch)


def test_single_samples_are_converted():
    found = default_convert((np.ones(2, np.float32), {"n": 1}, Point("a", [np.float64(2.0)])))

    assert found[0].dtype == tl.float32
    assert found[1] == {"n": 1}
    assert found[2].x == "a"
    assert found[2].y[0].item() == 2.0
