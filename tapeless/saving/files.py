"""`save` and `load`: which format, and errors that name the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

from tapeless.errors import SavedFileError
from tapeless.graph.vocabulary.creating import check_device
from tapeless.saving import npz, tensors
from tapeless.saving.structure import Reader, Writer
from tapeless.saving.writing import write_whole

SAFETENSORS = ".safetensors"
ZIP = b"PK"


def save(state: Any, path: str | os.PathLike[str] | BinaryIO) -> None:
    """Write a state to a file, whole or not at all: `model.state_dict()`, or a dict of several and numbers.

    States are nested dicts, lists and tuples of Tensors, arrays (any shape and dtype but objects), numbers,
    strings, bytes and None. The file is .npz without pickle, or safetensors if it is called so (`pip install
    'tapeless[data]'`); `path` may be a file that is open for writing. What is interrupted leaves the old file
    as it was. TypeError names the place of what cannot be saved. As `torch.save`, but for the format.

    >>> import tapeless as tl, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "state.npz")
    >>> tl.save({"model": {"w": tl.ones(2)}, "epoch": 3}, path)
    >>> tl.load(path)
    {'model': {'w': tensor([1., 1.])}, 'epoch': 3}
    """
    writer = Writer()
    text = writer.text(state)
    if hasattr(path, "write"):
        npz.write(path, text, writer.arrays)  # type: ignore[arg-type]
        return
    target = Path(os.fspath(path))  # type: ignore[arg-type]
    form = tensors if target.suffix == SAFETENSORS else npz
    write_whole(target, lambda file: form.write(file, text, writer.arrays))


def load(
    path: str | os.PathLike[str] | BinaryIO, map_location: Any = None, *, weights_only: bool = True
) -> Any:
    """The state that `save` wrote, kinds, dtypes and orders as they were; or a dict of any .safetensors file.

    Nothing in a file is ever run: pickles are refused, whatever `weights_only` says (it and `map_location`
    are there for those who write `torch.load`). Tensors that required grad do so again; a Parameter comes
    back as such a Tensor. SavedFileError (a ValueError) names a file that is damaged, cut short or of another
    kind; FileNotFoundError and the like come as they are.

    >>> import tapeless as tl, io
    >>> file = io.BytesIO()
    >>> tl.save([tl.tensor(1.5), {"lr": 0.1}], file)
    >>> _ = file.seek(0)
    >>> tl.load(file)
    [tensor(1.5000), {'lr': 0.1}]
    """
    check_device(map_location)
    if hasattr(path, "read"):
        name, content = getattr(path, "name", "the file"), path.read()  # type: ignore[union-attr]
    else:
        name = os.fspath(path)  # type: ignore[arg-type]
        content = Path(name).read_bytes()
    try:
        return _loaded(content)
    except SavedFileError as error:
        raise SavedFileError(f"{name}: {error}") from error.__cause__


def _loaded(content: bytes) -> Any:
    if content[:2] == ZIP:
        text, arrays = npz.read(content)
        return Reader(arrays).state(text)
    if content[8:9] == b"{":
        structure, arrays = tensors.read(content)
        return tensors.tensors_of(arrays) if structure is None else Reader(arrays).state(structure)
    raise SavedFileError(_foreign(content))


def _foreign(content: bytes) -> str:
    """What to say of a file that no format claims."""
    if not content:
        return "it is empty"
    if content.startswith(b"\x93NUMPY"):
        return "it is one array, as np.save writes: np.load reads it"
    if content.startswith(b"\x80"):
        return (
            "it is a pickle, which can run code as it is read, and is refused; write the arrays with save()"
        )
    return "it is neither .npz nor .safetensors, or its beginning is damaged"
