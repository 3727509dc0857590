"""States as .npz: uncompressed .npy files in a zip file, as `np.load` reads, and the structure as one more.

The zip file's checksums tell damage; no array is read as objects, so no pickle is ever opened.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from tapeless.errors import SavedFileError
from tapeless.saving.structure import Arrays

STRUCTURE = "tapeless.json"
OBJECTS = "it holds pickled objects, which can run code as they are read; they are never loaded"
FOREIGN = "it is a zip file, but not one that save() wrote; np.load reads .npz files of NumPy"
TORCH = (
    "it is PyTorch's own format, a pickle, which can run code as it is read. In PyTorch write the state dict "
    "with safetensors.torch.save_file(model.state_dict(), 'model.safetensors'), and load that"
)


def write(file: BinaryIO, text: str, arrays: Arrays) -> None:
    """The structure and the arrays as a zip file."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        archive.writestr(zipfile.ZipInfo(STRUCTURE), text)
        for name, array in arrays.items():
            # the date is left out: equal states make equal files
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


def read(content: bytes) -> tuple[str, Arrays]:
    """The structure and the arrays of a zip file; SavedFileError for whatever else it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, OSError, NotImplementedError) as error:
        raise SavedFileError(f"it is damaged or cut short ({error})") from error
    except (RuntimeError, ValueError, LookupError, OverflowError, SyntaxError) as error:
        if isinstance(error, SavedFileError):
            raise
        raise SavedFileError(f"it is damaged ({error})") from error


def _read(archive: zipfile.ZipFile) -> tuple[str, Arrays]:
    members = archive.infolist()
    if STRUCTURE not in archive.NameToInfo:
        pickled = any(member.filename.endswith("data.pkl") for member in members)
        raise SavedFileError(TORCH if pickled else FOREIGN)
    arrays: Arrays = {}
    text = ""
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED:
            raise SavedFileError(f"{member.filename!r} in it is compressed, as save() never does")
        content = archive.read(member)  # BadZipFile if its checksum is another
        if member.filename == STRUCTURE:
            text = content.decode("utf-8")
        else:
            arrays[member.filename.removesuffix(".npy")] = _array(member.filename, content)
    return text, arrays


def _array(name: str, content: bytes) -> np.ndarray:
    """What a .npy file holds, once its header and its length agree: nothing is allocated before."""
    file = io.BytesIO(content)
    version = npy.read_magic(file)
    shape, is_fortran, dtype = _header(file, version)
    if dtype.hasobject:
        raise SavedFileError(f"{name!r}: {OBJECTS}")
    count, start = math.prod(shape), file.tell()
    if count * dtype.itemsize != len(content) - start:
        raise SavedFileError(f"{name!r} in it has not the length that its header says")
    flat = np.frombuffer(content, dtype, count, start) if count and dtype.itemsize else np.zeros(count, dtype)
    return flat.reshape(shape, order="F" if is_fortran else "C").copy(order="K")


def _header(file: BinaryIO, version: tuple[int, int]) -> Any:
    if version == (1, 0):
        return npy.read_array_header_1_0(file)
    if version == (2, 0):
        return npy.read_array_header_2_0(file)
    raise SavedFileError(f"it holds .npy of version {version}")
