"""Array: the face that speaks NumPy.  Unmodified NumPy code runs on it and is recorded."""

from __future__ import annotations

import contextlib
import dis
import operator
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeless.graph.apply import apply, op_of
from tapeless.graph.array_operators import arithmetic, comparison, kept
from tapeless.graph.modes import current, note_reading
from tapeless.graph.node import needs_grad
from tapeless.graph.protocols import INTO_PLAIN, assign, call_function, call_ufunc, data_of
from tapeless.graph.quick import unary
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.within import begun_anew, inner_leaves
from tapeless.rules import support

CUT = (
    "{} would take this Array out of the graph, but it requires grad. Keep computing with np.* functions on "
    "the Array itself (np.stack([x, y]) joins Arrays), or use x.detach() where no gradient is wanted."
)

STORE = dis.opmap["STORE_SUBSCR"]

_is_tracing: ContextVar[bool] = ContextVar("tapeless_is_tracing", default=False)


@contextlib.contextmanager
def tracing() -> Iterator[None]:
    """While a function runs on Arrays in the place of ndarrays: what would lose their history is refused."""
    before, outer = _is_tracing.set(True), inner_leaves.set([])
    try:
        yield
    finally:
        _is_tracing.reset(before)
        inner_leaves.reset(outer)


class Array(Variable):
    """An array that remembers what happened to it, in NumPy's words: its dtypes, methods, writes in place.

    >>> x = Array([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = np.sum(np.sin(x) * x[::-1])
    >>> y.backward()
    >>> x.grad.round(3)
    Array([ 1.762,  0.077, -0.149])

    Numbers are scalars as in NumPy: `s += 1` gives a new one.  What backward needs is copied before it is
    written to.  Gradients of complex numbers are du/dx - i du/dy.
    """

    __slots__ = ()
    __array_priority__ = 1000
    _conjugates = False
    _keeps_old = True

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __new__(cls, value: Any, requires_grad: bool = False) -> Any:
        """A copy of `value`: an array, a number, nested lists."""
        if isinstance(value, Variable):
            within = begun_anew(value, cls, None, requires_grad)
            if within is not None:
                return within
            value = value._data
        data = np.array(value)
        if requires_grad and data.dtype.kind not in "fc":
            raise TypeError(
                f"only float and complex Arrays can require grad, this one has dtype {data.dtype}: "
                "convert it with .astype(float)"
            )
        is_number = isinstance(value, np.generic | int | float | complex)
        return wrap(cls, data[()] if is_number else data, requires_grad)

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        """What it stands for, to those who ask `isinstance` in a function that is traced."""
        if _is_tracing.get() and not sys._getframe(1).f_globals.get("__name__", "").startswith("tapeless."):
            return type(self._data)
        return Array

    def _array(self) -> np.ndarray:
        """The data as an array; a scalar stays one, its array is another object."""
        return np.asarray(self._data)

    # The graph: as Tensor has it --------------------------------------------------------------------------

    requires_grad = Tensor.requires_grad
    _allow_grad = Tensor._allow_grad
    is_leaf = Tensor.is_leaf
    grad_fn = Tensor.grad_fn
    output_nr = Tensor.output_nr
    _check_grad = Tensor._check_grad
    backward = Tensor.backward
    register_hook = Tensor.register_hook
    register_post_accumulate_grad_hook = Tensor.register_post_accumulate_grad_hook
    retain_grad = Tensor.retain_grad
    retains_grad = Tensor.retains_grad
    _version = Tensor._version

    @property
    def grad(self) -> Any:
        """The accumulated gradient, None before the first backward."""
        return None if self._meta is None else self._meta.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            self._check_grad(value)
            value._data = np.asarray(value._data)  # what is accumulated is written into it
        self._own_meta().grad = value

    def detach(self) -> Any:
        """The same memory outside the graph."""
        out = wrap(Array, self._data)
        out._counter = self._own_counter()
        return out

    def clone(self) -> Any:
        """A copy, recorded."""
        return np.copy(self)

    # What it is --------- ---------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._data.dtype

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def itemsize(self) -> int:
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        return self._data.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        return self._data.strides

    @property
    def flags(self) -> Any:
        return self._data.flags

    @property
    def base(self) -> Any:
        """The Array whose memory this one is a view of."""
        return None if self._view is None else self._view.base

    @property
    def T(self) -> Any:
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)

    @property
    def real(self) -> Any:
        return np.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        assign(self, ..., value + 1j * np.imag(self) if self._data.dtype.kind == "c" else value)

    @property
    def imag(self) -> Any:
        return np.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        if self._data.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        assign(self, ..., np.real(self) + 1j * value)

    @property
    def flat(self) -> Flat:
        return Flat(self)

    # Python ------------- ---------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad:
            raise RuntimeError(CUT.format("np.asarray"))
        note_reading(self, "np.asarray()")
        return np.array(self._data, dtype=dtype, copy=copy)

    def item(self, *args: Any) -> Any:
        """One element as a Python number, which has no history; in a function that is traced it has."""
        if _is_tracing.get():
            flat = self.reshape(-1) if len(args) < 2 else self
            return flat[args or (0,)] if args or self.size == 1 else self._data.item()
        note_reading(self, "item()")
        return self._data.item(*args)

    def tolist(self) -> Any:
        """The data as nested lists of Python numbers, as `item` gives them."""
        if _is_tracing.get():
            return [one.tolist() for one in self] if self.ndim else self[()]
        note_reading(self, "tolist()")
        return self._data.tolist()

    def __bool__(self) -> bool:
        note_reading(self, "bool()")
        return bool(self._data)

    def __float__(self) -> float:
        self._check_may_leave("float()", "use NumPy functions (np.exp instead of math.exp)")
        note_reading(self, "float()")
        return float(self._data)

    def __int__(self) -> int:
        note_reading(self, "int()")
        return int(self._data)

    def __complex__(self) -> complex:
        self._check_may_leave("complex()", "use NumPy functions (np.exp instead of cmath.exp)")
        note_reading(self, "complex()")
        return complex(self._data)

    def _check_may_leave(self, what: str, instead: str) -> None:
        """A Python number cannot remember where it came from; an ndarray asks for one in `array[0] = x`."""
        if not (needs_grad(self) and current().records):
            return
        frame = sys._getframe(2)
        if frame.f_code.co_code[frame.f_lasti] == STORE:
            raise RuntimeError(INTO_PLAIN.format("this assignment"))
        raise TypeError(
            f"{what} of an Array that requires grad would cut its gradient: {instead}, or a.detach() if that "
            "is wanted"
        )

    def __index__(self) -> int:
        note_reading(self, "an index or a range()")
        return operator.index(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        if self._data.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[index] for index in range(len(self._data)))  # as NumPy does: one after the other

    def __contains__(self, item: Any) -> bool:
        if current().tapes:  # which see how the answer comes about, and that it is asked for
            return bool(np.any(self == item))
        return data_of(item) in self._array()

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        text = f"Array({repr(np.asarray(self._data)).removeprefix('array(')}"
        node = self.grad_fn
        if node is not None:
            return f"{text[:-1]}, grad_fn=<{node.name()}>)"
        return f"{text[:-1]}, requires_grad=True)" if self._needs else text

    def __str__(self) -> str:
        return str(self._data)

    def __format__(self, spec: str) -> str:
        return format(self._data[()], spec)

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: Any) -> Any:
        if self.is_leaf and self._needs:
            return Array(self._data, requires_grad=True)
        return np.copy(self)

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise TypeError("only Arrays that the user made can be pickled: use x.detach()")
        return Array, (self._data, self._needs)

    # NumPy -------------- ---------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(one, Variable) and type(one) is not Array for one in inputs):
            return NotImplemented
        return call_ufunc(Array, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(one, Variable) and one is not Array for one in types):
            return NotImplemented
        return call_function(Array, function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return apply(_getitem, (self, data_of(index)))

    def __setitem__(self, index: Any, value: Any) -> None:
        assign(self, index, value)

    # Methods that are not simply a function of the same name ----------------------------------------------

    def astype(
        self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """The values in another dtype; to integers and booleans no gradient flows."""
        wanted = np.dtype(dtype)
        if not np.can_cast(self._data.dtype, wanted, casting):
            raise TypeError(
                f"cannot cast array data from {self.dtype!r} to {wanted!r} according to {casting!r}"
            )
        if wanted == self._data.dtype:
            return np.copy(self) if copy else self
        return apply(_astype, (self, wanted))

    def copy(self, order: Any = "C") -> Any:
        return np.copy(self, order=order)

    def flatten(self, order: Any = "C") -> Any:
        return np.copy(np.ravel(self, order=order))

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        return np.reshape(self, data_of(shape[0] if len(shape) == 1 else shape), order=order)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def compress(self, condition: Any, axis: int | None = None, out: Any = None) -> Any:
        return np.compress(condition, self, axis=axis, out=out)

    def choose(self, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
        return np.choose(self, choices, out=out, mode=mode)

    def view(self, dtype: Any = None, type: Any = None) -> Any:
        """Another Array on the same memory; reading it as another dtype is refused."""
        if type is not None or (dtype is not None and np.dtype(dtype) != self._data.dtype):
            raise TypeError("an Array's memory cannot be read as another type: use astype, or x.detach()")
        return self[...]

    def fill(self, value: Any) -> None:
        assign(self, ..., value)

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        np.put(self, indices, values, mode=mode)  # type: ignore[call-overload]

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None) -> None:
        """Sort in place."""
        assign(self, ..., np.sort(self, axis=axis, kind=kind, order=order))

    def partition(self, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None) -> None:
        """Partition in place."""
        assign(self, ..., np.partition(self, kth, axis=axis, kind=kind, order=order))


Array._face = Array
_getitem = op_of(operator.getitem, Array)
_astype = op_of(support.as_dtype, Array)


class Flat:
    """`x.flat`: the elements in C order, to read, write and go through."""

    __slots__ = ("_of",)

    def __init__(self, of: Array) -> None:
        self._of = of

    def __getitem__(self, index: Any) -> Any:
        found = np.ravel(self._of)[data_of(index)]
        return np.copy(found) if np.ndim(found) else found

    def __setitem__(self, index: Any, value: Any) -> None:
        places = np.ravel(np.arange(self._of.size)[data_of(index)])
        np.put(self._of, places, value)  # type: ignore[call-overload]

    def __iter__(self) -> Iterator[Any]:
        return iter(np.ravel(self._of))

    def __len__(self) -> int:
        return self._of.size


# Methods that are the function of the same name, the Array first -----------------------------------------

METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        "all", "any", "argmax", "argmin", "argpartition", "argsort", "clip", "conj", "conjugate", "cumprod",
        "cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "round",
        "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var",
    )
}  # fmt: skip


def _method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: Array, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    run.__name__ = name
    run.__qualname__ = f"Array.{name}"
    run.__doc__ = f"As `numpy.{name}`."
    return run


for _name, _function in METHODS.items():
    setattr(Array, _name, _method(_name, _function))


# Operators ----------------------------------------------------------------------------------------------

for _name, _ufunc, _compute in (
    ("add", np.add, operator.add),
    ("sub", np.subtract, operator.sub),
    ("mul", np.multiply, operator.mul),
    ("truediv", np.true_divide, operator.truediv),
    ("floordiv", np.floor_divide, operator.floordiv),
    ("mod", np.remainder, operator.mod),
    ("pow", np.power, operator.pow),
    ("matmul", np.matmul, operator.matmul),
    ("and", np.bitwise_and, operator.and_),
    ("or", np.bitwise_or, operator.or_),
    ("xor", np.bitwise_xor, operator.xor),
    ("lshift", np.left_shift, operator.lshift),
    ("rshift", np.right_shift, operator.rshift),
):
    arithmetic(Array, _name, _ufunc, _compute)

for _name, _ufunc in (
    ("eq", np.equal),
    ("ne", np.not_equal),
    ("lt", np.less),
    ("le", np.less_equal),
    ("gt", np.greater),
    ("ge", np.greater_equal),
):
    setattr(Array, f"__{_name}__", comparison(Array, _ufunc))

for _name, _ufunc in (("neg", np.negative), ("pos", np.positive), ("abs", np.absolute)):
    setattr(Array, f"__{_name}__", kept(unary(op_of(_ufunc, Array))))

Array.__invert__ = lambda self: np.invert(self)  # type: ignore[attr-defined]
Array.__divmod__ = lambda self, other: np.divmod(self, other)  # type: ignore[attr-defined]
Array.__rdivmod__ = lambda self, other: np.divmod(other, self)  # type: ignore[attr-defined]
