"""Saving and loading: what comes back, what is refused, and what becomes of files that are damaged."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tapeless as tl
from tapeless import nn
from tapeless.errors import MissingExtraError, SavedFileError
from tapeless.saving import npz, tensors
from tapeless.saving import structure as structures

SUFFIXES = [".npz", ".safetensors"]
DTYPES = ["bool", "int8", "uint16", "int64", "uint64", "float16", "float32", "float64", "complex64"]


def same(a, b):
    """Whether two states are of the same kinds, orders, dtypes and bits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(map(repr, a)) == list(map(repr, b)) and all(map(same, a.values(), b.values()))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, tl.Tensor | tl.Array):
        if a.requires_grad != b.requires_grad:
            return False
        a, b = np.asarray(a.detach()), np.asarray(b.detach())
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return repr(a) == repr(b)


def example_state():
    return {
        "model": OrderedDict([("b.weight", tl.tensor([[1.0, -0.0]])), ("a.bias", tl.zeros(()))]),
        "optimizer": {
            "state": {0: {"step": tl.tensor(3.0), "exp_avg": tl.tensor([0.5])}},
            "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0, 1], "foreach": None}],
        },
        "epoch": 7,
        "best": math.inf,
        "name": "naïve \0 \ud800",
    }


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"state{request.param}"


def round_trip(state, path):
    tl.save(state, path)
    return tl.load(path)


# What comes back ------------------------------------------------------------------------------------------


def test_a_state_comes_back_as_it_was(path):
    state = example_state()

    assert same(round_trip(state, path), state)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_every_dtype_and_shape_comes_back(path, dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    state = {"array": array, "tensor": tl.from_numpy(array), "scalar": array.sum()}

    assert same(round_trip(state, path), state)


@pytest.mark.parametrize("dtype", ["complex128", "longdouble", "U3", "S2", "M8[s]", ">f4"])
def test_npz_takes_every_dtype_without_objects_and_safetensors_says_which_it_lacks(tmp_path, dtype):
    state = {"odd": np.zeros(2, dtype)}

    assert same(round_trip(state, tmp_path / "state.npz"), state)
    with pytest.raises(ValueError, match=r"safetensors cannot hold 'odd', which is .*: save it as \.npz"):
        tl.save(state, tmp_path / "state.safetensors")
    assert sorted(os.listdir(tmp_path)) == ["state.npz"]


def test_kinds_are_kept(path):
    state = [
        tl.tensor([1.0], requires_grad=True),
        tl.Array([1.0]),
        np.float32(2.0),
        np.array(3),
        1 + 2j,
        b"\x00\xff",
        Counter({30: 1, 80: 2}),
        tl.Size((2, 3)),
        {1: "a", None: "b", (1, ("x", 2.5)): "c", False: "d"},
        [[], (), {}],
        10**40,
        -0.0,
    ]

    assert same(round_trip(state, path), state)


def test_views_and_orders_of_memory_do_not_matter(path):
    base = np.arange(12.0).reshape(3, 4)
    state = {"t": base.T, "strided": base[::2, ::-1], "fortran": np.asfortranarray(base)}

    loaded = round_trip(state, path)

    assert all(np.array_equal(loaded[name], state[name]) for name in state)
    assert all(array.flags.writeable for array in loaded.values())


def test_what_is_met_twice_is_kept_once_and_is_one_again(path):
    weight = tl.ones(1000)

    loaded = round_trip({"a": weight, "b": weight, "c": weight.detach()}, path)

    assert loaded["a"] is loaded["b"]
    assert path.stat().st_size < 5600


def test_keys_that_would_make_the_same_name_stay_apart(path):
    state = {"a/b": np.zeros(1), "a": {"b": np.ones(1)}, 1: np.full(1, 2.0), "1": np.full(1, 3.0)}
    state |= {"__metadata__": np.full(1, 4.0), "": np.full(1, 5.0), "\ud800": np.full(1, 6.0)}
    state |= {"x" * 300: np.full(1, 7.0), "tapeless.json": np.full(1, 8.0), "../../up": np.full(1, 9.0)}

    assert same(round_trip(state, path), state)


def test_models_and_optimizers_come_back_under_their_words(path):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    optimizer = tl.optim.Adam(model.parameters(), lr=0.1)
    model(tl.randn(5, 3)).sum().backward()
    optimizer.step()
    tl.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, path)

    again = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    other = tl.optim.Adam(again.parameters(), lr=0.5)
    loaded = tl.load(path)
    again.load_state_dict(loaded["model"])
    other.load_state_dict(loaded["optimizer"])

    assert same(again.state_dict(), model.state_dict())
    assert same(other.state_dict(), optimizer.state_dict())


def test_files_that_are_open_will_do():
    file = io.BytesIO()
    tl.save(example_state(), file)
    file.seek(0)

    assert same(tl.load(file), example_state())


def test_equal_states_make_equal_files(path):
    tl.save(example_state(), path)
    first = path.read_bytes()
    tl.save(example_state(), path)

    assert path.read_bytes() == first


def test_numpy_reads_the_arrays_of_an_npz(tmp_path):
    tl.save({"model": {"0.weight": tl.ones(2)}}, tmp_path / "state.npz")

    with np.load(tmp_path / "state.npz") as archive:
        np.testing.assert_array_equal(archive["model/0.weight"], np.ones(2, np.float32))


def test_safetensors_of_others_are_dicts_of_tensors(tmp_path):
    from safetensors.numpy import load_file, save_file

    save_file({"b": np.ones(2, np.float16), "a": np.zeros((), np.int64)}, tmp_path / "w.safetensors")
    tl.save({"w": tl.ones(2)}, tmp_path / "mine.safetensors")

    loaded = tl.load(tmp_path / "w.safetensors")

    assert same(loaded, {"a": tl.tensor(0), "b": tl.ones(2, dtype=tl.float16)})
    np.testing.assert_array_equal(load_file(tmp_path / "mine.safetensors")["w"], np.ones(2))


def test_torchs_words_for_loading_are_known(path):
    tl.save({"w": tl.ones(2)}, path)

    assert same(tl.load(path, map_location="cpu", weights_only=False), {"w": tl.ones(2)})
    with pytest.raises(RuntimeError, match="cuda"):
        tl.load(path, map_location="cuda")


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.complex_numbers() | st.binary()
)
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=3))
)
leaves = scalars | arrays | arrays.map(tl.from_numpy)
keys = st.text(max_size=8) | st.integers() | st.booleans() | st.none()
states = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3).map(OrderedDict)
    ),
    max_leaves=8,
)


@given(state=states, form=st.sampled_from([npz, tensors]))
@settings(max_examples=150)
def test_any_state_comes_back(state, form):
    writer, file = structures.Writer(), io.BytesIO()
    form.write(file, writer.text(state), writer.arrays)
    file.seek(0)

    assert same(tl.load(file), state)


# What is refused ------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"a": [{1, 2}]}, r"cannot save state\['a'\]\[0\]: it is a builtins.set, and files hold"),
        (nn.Linear(1, 1), r"cannot save state: it is a .*Linear.* save state_dict\(\)"),
        ({"f": len}, r"state\['f'\]"),
        ([Pair(1, 2)], r"state\[0\]: it is a .*Pair"),
        ({frozenset(): 1}, r"its key frozenset\(\) is a frozenset, and keys are"),
        ({"a": np.array([None])}, r"state\['a'\]: it is an array of Python objects"),
    ],
)
def test_what_has_no_place_in_a_file_is_named(path, state, text):
    with pytest.raises(TypeError, match=text):
        tl.save(state, path)

    assert not path.exists()


def test_what_holds_itself_is_refused(path):
    state = []
    state.append(state)

    with pytest.raises(ValueError, match="it holds itself, or is nested too deeply"):
        tl.save(state, path)


def test_a_missing_file_is_a_missing_file(path):
    with pytest.raises(FileNotFoundError):
        tl.load(path)


def test_safetensors_is_an_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)

    with pytest.raises(
        MissingExtraError, match=r"needs safetensors: install it with  pip install 'tapeless\[data\]'"
    ):
        tl.save({}, tmp_path / "state.safetensors")
    assert os.listdir(tmp_path) == []


class Bomb:
    """A pickle of this makes a file as it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


def torch_like(bomb):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(bomb))
    return file.getvalue()


def object_array(bomb):
    file = io.BytesIO()
    np.savez(file, x=np.array([bomb], object))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(npz.STRUCTURE, structures.Writer().text({}))
    return file.getvalue()


def plain_npz(bomb):
    file = io.BytesIO()
    np.savez(file, x=np.ones(2))
    return file.getvalue()


def npy(bomb):
    file = io.BytesIO()
    np.save(file, np.array([bomb], object))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (pickle.dumps, "it is a pickle, which can run code as it is read, and is refused"),
        (torch_like, "it is PyTorch's own format, a pickle"),
        (
            object_array,
            "it holds pickled objects, which can run code as they are read; they are never loaded",
        ),
        (plain_npz, "it is a zip file, but not one that save"),
        (npy, "it is one array, as np.save writes"),
        (lambda bomb: b"", "it is empty"),
        (lambda bomb: b"hello", "it is neither .npz nor .safetensors"),
        (lambda bomb: b"\x08" + bytes(7) + b"{nonsense", "it is damaged or cut short"),
    ],
)
@pytest.mark.parametrize("weights_only", [True, False])
def test_files_of_another_kind_are_refused_and_run_nothing(tmp_path, content, text, weights_only):
    mark = tmp_path / "mark"
    file = tmp_path / "foreign.pt"
    file.write_bytes(content(Bomb(mark)))

    with pytest.raises(SavedFileError, match=text) as caught:
        tl.load(file, weights_only=weights_only)

    assert str(file) in str(caught.value)
    assert not mark.exists()


def written(form, text, arrays):
    file = io.BytesIO()
    form.write(file, text, arrays)
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize(
    "node",
    [
        '{"format": "other", "version": 1, "state": 1}',
        '{"format": "tapeless state", "version": 2, "state": 1}',
        '{"format": "tapeless state", "version": 1}',
        "[" * 100_000,
        "not JSON",
        "7",
        *[
            json.dumps({"format": "tapeless state", "version": 1, "state": state})
            for state in (
                {"tensor": "missing"},
                {"tensor": ["x"]},
                {"unknown": 1},
                {},
                [1],
                {"dict": [[1]]},
                {"dict": [[{"list": []}, 1]]},
                {"complex": ["a", 1]},
                {"bytes": "&"},
                {"tensor": "x", "requires_grad": True},
                {"Size": 3},
            )
        ],
    ],
)
@pytest.mark.parametrize("form", [npz, tensors])
def test_structures_that_are_none_are_refused(form, node):
    file = written(form, node, {"x": np.zeros(2, np.int64)})

    with pytest.raises(SavedFileError, match="the file: it"):
        tl.load(file)


# Damage ---------------------------------------------------------------------------------------------------


def bytes_of(form):
    writer = structures.Writer()
    text = writer.text(example_state())
    return written(form, text, writer.arrays).getvalue()


CONTENTS = {form: bytes_of(form) for form in (npz, tensors)}


def check_damaged(content, form):
    """Either the very state comes back, or a clear error."""
    try:
        loaded = tl.load(io.BytesIO(content))
    except SavedFileError:
        return
    assert same(loaded, example_state()), content


@pytest.mark.parametrize("form", CONTENTS)
def test_a_file_cut_short_anywhere_is_refused(form):
    content = CONTENTS[form]
    for length in range(len(content)):
        with pytest.raises(SavedFileError):
            tl.load(io.BytesIO(content[:length]))


@pytest.mark.parametrize("form", CONTENTS)
@pytest.mark.parametrize("bit", [0, 3, 7])
def test_a_bit_turned_anywhere_gives_the_same_state_or_an_error(form, bit):
    content = CONTENTS[form]
    for place in range(len(content)):
        turned = bytearray(content)
        turned[place] ^= 1 << bit
        check_damaged(bytes(turned), form)


@given(data=st.data(), form=st.sampled_from(list(CONTENTS)))
@settings(max_examples=400)
def test_bytes_written_over_removed_or_put_in_give_the_same_state_or_an_error(data, form):
    content = bytearray(CONTENTS[form])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        stop = min(len(content), start + data.draw(st.integers(0, 12)))
        content[start:stop] = data.draw(st.binary(max_size=12))

    check_damaged(bytes(content), form)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x80\x04", b"\x20" + bytes(7)]),
)
@example(b"{" + b" " * 31, b"\x20" + bytes(7))
def test_noise_is_refused(noise, start):
    with pytest.raises(SavedFileError):
        tl.load(io.BytesIO(start + noise))


def test_damage_names_the_file(path):
    tl.save(example_state(), path)
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(SavedFileError, match=r"state\.(npz|safetensors): it is damaged"):
        tl.load(path)


# Writing --------------------------------------------------------------------------------------------------


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    tl.save({"epoch": 1}, path)
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError("no space left")))

    with pytest.raises(OSError, match="no space left"):
        tl.save({"epoch": 2}, path)

    monkeypatch.undo()
    assert tl.load(path) == {"epoch": 1}
    assert os.listdir(path.parent) == [path.name]


def test_a_process_that_dies_while_it_writes_leaves_the_old_file(path):
    tl.save({"epoch": 1}, path)
    program = textwrap.dedent(f"""
        import os, signal
        import numpy as np
        import tapeless as tl
        from tapeless.saving import writing
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        tl.save({{"epoch": 2, "x": np.zeros(1000)}}, {str(path)!r})
    """)

    died = subprocess.run([sys.executable, "-c", program], check=False)

    assert died.returncode == -signal.SIGKILL
    assert tl.load(path) == {"epoch": 1}


def test_a_link_goes_on_pointing_to_the_file_that_is_replaced(tmp_path):
    real, link = tmp_path / "real.npz", tmp_path / "link.npz"
    tl.save({"epoch": 1}, real)
    real.chmod(0o640)
    link.symlink_to(real)

    tl.save({"epoch": 2}, link)

    assert link.is_symlink()
    assert tl.load(real) == {"epoch": 2}
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        tl.save({}, tmp_path / "none" / "state.npz")
