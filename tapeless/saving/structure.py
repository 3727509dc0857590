"""A state as JSON and named arrays: what holds what, of which kind, in which order.

    {"model": {"w": tensor}, "epoch": 3}
        arrays  {"model/w": array}
        text    {"dict": [["model", {"dict": [["w", {"tensor": "model/w"}]]}], ["epoch", 3]]}

None, booleans, strings, whole numbers and floats stand for themselves; all else is a JSON object of one kind.
"""

from __future__ import annotations

import base64
import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tapeless.errors import SavedFileError
from tapeless.graph.array import Array
from tapeless.graph.tensor import Size, Tensor
from tapeless.graph.variable import Variable, wrap

FORMAT = "tapeless state"
VERSION = 1
MAPPINGS: dict[str, type] = {"dict": dict, "OrderedDict": OrderedDict, "Counter": Counter}
SEQUENCES: dict[str, Callable[[Iterable[Any]], Any]] = {"list": list, "tuple": tuple, "Size": Size}
FACES: dict[str, type[Variable]] = {"tensor": Tensor, "Array": Array}

NAMES = {kind: name for name, kind in {**MAPPINGS, **SEQUENCES}.items()}
PLAIN = (type(None), bool, str, int, float)
RESERVED = "__metadata__"  # no array of a safetensors file may be called so
DEPTH = 200  # containers in containers: what is deeper holds itself, or cannot be read again

UNKNOWN = (
    "cannot save {}: it is a {}, and files hold dicts, lists, tuples, Tensors, arrays, numbers, strings, "
    "bytes and None. Of modules and optimizers save state_dict()"
)

Arrays = dict[str, np.ndarray]


class Writer:
    """Takes a state apart: `arrays` are those met so far, by name."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self._names: dict[Any, str] = {}

    def text(self, state: Any) -> str:
        """The structure of a state as JSON; TypeError for what has no place in a file."""
        return json.dumps({"format": FORMAT, "version": VERSION, "state": self.node(state, ())})

    def node(self, value: Any, path: tuple[Any, ...]) -> Any:
        kind = type(value)
        if kind in PLAIN:
            return value
        if len(path) > DEPTH:
            raise ValueError(f"cannot save {_place(path[:3])}...: it holds itself, or is nested too deeply")
        if isinstance(value, Variable):
            return self._variable(value, path)
        if isinstance(value, np.ndarray | np.generic):
            return {"array" if isinstance(value, np.ndarray) else "scalar": self._name(value, path)}
        if kind in MAPPINGS.values():
            items = [[self._key(key, path), self.node(item, (*path, key))] for key, item in value.items()]
            return {NAMES[kind]: items}
        if kind in SEQUENCES.values():
            return {NAMES[kind]: [self.node(item, (*path, place)) for place, item in enumerate(value)]}
        if kind is complex:
            return {"complex": [value.real, value.imag]}
        if kind is bytes:
            return {"bytes": base64.b64encode(value).decode("ascii")}
        raise TypeError(UNKNOWN.format(_place(path), f"{kind.__module__}.{kind.__qualname__}"))

    def _variable(self, value: Variable, path: tuple[Any, ...]) -> Any:
        face = "Array" if value._face is Array else "tensor"
        node: dict[str, Any] = {face: self._name(value._data, path)}
        return node | {"requires_grad": True} if value._needs else node

    def _key(self, key: Any, path: tuple[Any, ...]) -> Any:
        if type(key) in PLAIN:
            return key
        if type(key) is tuple:
            return {"tuple": [self._key(item, path) for item in key]}
        raise TypeError(
            f"cannot save {_place(path)}: its key {key!r} is a {type(key).__name__}, and keys are strings, "
            "numbers, booleans, None, or tuples of these"
        )

    def _name(self, data: Any, path: tuple[Any, ...]) -> str:
        """The name under which an array is kept; one that is met again is kept once."""
        array = np.asarray(data)
        if array.dtype.hasobject:
            raise TypeError(f"cannot save {_place(path)}: it is an array of Python objects")
        memory = array.__array_interface__["data"][0]
        same = (memory, array.shape, array.strides, array.dtype.str) if array.nbytes else id(data)
        if same not in self._names:
            self._names[same] = name = _unused(_stem(path), self.arrays)
            self.arrays[name] = array
        return self._names[same]


def _stem(path: tuple[Any, ...]) -> str:
    """A name from where an array stands; the structure tells what it is, so it may be cut and cleaned."""
    joined = "/".join([str(key) for key in path])
    clean = joined.encode("utf-8", "replace").decode().replace("\0", "").replace("\\", "/")
    return clean[:200] or "value"


def _unused(stem: str, taken: Arrays) -> str:
    name, count = stem, 1
    while name in taken or name == RESERVED:
        count += 1
        name = f"{stem} ({count})"
    return name


def _place(path: tuple[Any, ...]) -> str:
    return "state" + "".join(f"[{key!r}]" for key in path)


class Reader:
    """Puts a state together out of its text and arrays."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._made: dict[Any, Any] = {}

    def state(self, text: str) -> Any:
        """The state; SavedFileError if the text is no structure."""
        try:
            header = json.loads(text)
            if header["format"] != FORMAT:
                raise SavedFileError("its structure is not that of a saved state")
            if header["version"] != VERSION:
                raise SavedFileError(
                    f"it is of version {header['version']!r}, and this tapeless reads {VERSION}"
                )
            return self.value(header["state"])
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if isinstance(error, SavedFileError):
                raise
            raise SavedFileError(f"its structure cannot be read ({error})") from error

    def value(self, node: Any) -> Any:
        if type(node) in PLAIN:
            return node
        kind, content = next(iter(node.items()), ("", ""))
        if kind in MAPPINGS:
            return MAPPINGS[kind]({self._key(key): self.value(item) for key, item in content})
        if kind in SEQUENCES:
            return SEQUENCES[kind]([self.value(item) for item in content])
        if kind == "complex":
            return complex(*map(float, content))
        if kind == "bytes":
            return base64.b64decode(content, validate=True)
        return self._array(kind, content, node.get("requires_grad") is True)

    def _key(self, node: Any) -> Any:
        return node if type(node) in PLAIN else tuple([self._key(item) for item in node["tuple"]])

    def _array(self, kind: Any, name: Any, requires_grad: bool) -> Any:
        """What was met several times is one again."""
        made = self._made.get((kind, name, requires_grad))
        if made is None:
            made = self._made[kind, name, requires_grad] = self._make(kind, self._arrays[name], requires_grad)
        return made

    def _make(self, kind: str, array: np.ndarray, requires_grad: bool) -> Any:
        if kind == "array":
            return array
        if kind == "scalar":
            return array[()]
        if requires_grad and array.dtype.kind not in "fc":
            raise SavedFileError(f"it asks for gradients of {array.dtype}")
        return wrap(FACES[kind], array, requires_grad)
