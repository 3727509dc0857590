"""States as .safetensors: the arrays as they are, the structure and the checksums in the metadata.

Files that others wrote have no structure: they are dicts of Tensors.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, BinaryIO

import numpy as np

from tapeless.errors import SavedFileError, missing_extra
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import wrap
from tapeless.saving.structure import Arrays

STRUCTURE = "tapeless"
DTYPES = {
    **{f"F{8 * n}": f"<f{n}" for n in (2, 4, 8)},
    **{f"I{8 * n}": f"<i{n}" for n in (1, 2, 4, 8)},
    **{f"U{8 * n}": f"<u{n}" for n in (1, 2, 4, 8)},
    "BOOL": "?",
    "C64": "<c8",
}
SEAL = re.compile(r"\d\n\{|tapeless state")  # what no other library's metadata looks like
HELD = {np.dtype(kind).str for kind in DTYPES.values()}


def _library(purpose: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise missing_extra("safetensors", "data", purpose) from None
    return safetensors


def write(file: BinaryIO, text: str, arrays: Arrays) -> None:
    """The structure and the arrays as a safetensors file; ValueError for dtypes that it does not know."""
    library = _library("saving to .safetensors")
    parts = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in parts.items():
        if array.dtype.str not in HELD:
            dtype = array.dtype.name if array.dtype.isnative else array.dtype.str
            raise ValueError(f".safetensors cannot hold {name!r}, which is {dtype}: save it as .npz")
    sums = json.dumps({name: checksum(array) for name, array in parts.items()})
    file.write(library.numpy.save(parts, {STRUCTURE: sealed(f"{sums}\n{text}")}))


def sealed(text: str) -> str:
    """A text behind its own checksum; one entry, as the order of several is not fixed."""
    return f"{zlib.crc32(text.encode())}\n{text}"


def checksum(array: np.ndarray) -> int:
    """Of an array's dtype, shape and elements."""
    return zlib.crc32(array.tobytes(), zlib.crc32(f"{array.dtype.str}{array.shape}".encode()))


def read(content: bytes) -> tuple[str | None, Arrays]:
    """The structure (None if the file has none) and the arrays; SavedFileError if it is damaged."""
    library = _library("loading .safetensors")
    try:
        parts = library.deserialize(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (library.SafetensorError, ValueError, RecursionError) as error:
        raise SavedFileError(f"it is damaged or cut short ({error})") from error
    arrays = {name: _array(name, part) for name, part in parts}
    metadata = header.get("__metadata__") or {}
    if STRUCTURE not in metadata:
        if any(SEAL.search(value) for value in metadata.values()):
            raise SavedFileError("it is damaged: the name of its structure is another")
        return None, arrays
    return _checked(metadata[STRUCTURE], arrays), arrays


def _array(name: str, part: dict[str, Any]) -> np.ndarray:
    if part["dtype"] not in DTYPES:
        raise SavedFileError(f"{name!r} in it is {part['dtype']}, which NumPy does not have")
    return np.frombuffer(bytes(part["data"]), DTYPES[part["dtype"]]).reshape(part["shape"]).copy()


def _inner(seal: str) -> str | None:
    """What was sealed; None if the checksum is another."""
    text = seal.partition("\n")[2]
    return text if text and seal == sealed(text) else None


def _checked(seal: str, arrays: Arrays) -> str:
    """The structure, if all checksums are what they were."""
    inner = _inner(seal)
    if inner is None:
        raise SavedFileError("it is damaged: its structure has another checksum")
    sums, _, text = inner.partition("\n")
    expected = json.loads(sums)
    for name in expected.keys() | arrays.keys():
        if name not in arrays or expected.get(name) != checksum(arrays[name]):
            raise SavedFileError(f"it is damaged: {name!r} has another checksum")
    return text


def tensors_of(arrays: Arrays) -> dict[str, Any]:
    """What a file without a structure holds."""
    return {name: wrap(Tensor, array) for name, array in sorted(arrays.items())}
