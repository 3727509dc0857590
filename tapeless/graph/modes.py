"""What is recorded at the moment: one context variable that holds an immutable record.

The two common records are single objects, so that the fast paths can test them by identity.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any, NamedTuple


class Mode(NamedTuple):
    """How operations are treated.  `saved_hooks` is the innermost (pack, unpack) pair."""

    grad: bool = True
    inference: bool = False
    saved_hooks: tuple[Callable[..., Any], Callable[..., Any]] | None = None
    hooks_disabled: str | None = None  # the message that forbids them
    anomaly: bool = False
    check_nan: bool = True
    dual_level: Any = None  # the running forward-mode level
    tapes: tuple[Any, ...] = ()  # Tape objects, outermost first
    mutation: Any = None  # the running allow_mutation_on_saved_tensors context

    @property
    def records(self) -> bool:
        """Whether operations on what requires grad are recorded; in inference mode they never are."""
        return self.grad and not self.inference


NORMAL = Mode()
NO_GRAD = Mode(grad=False)

_mode: ContextVar[Mode] = ContextVar("tapeless_mode", default=NORMAL)
current = _mode.get
restore = _mode.set


def with_grad(mode: Mode, grad: bool) -> Mode:
    """The mode with recording on or off."""
    if mode is NORMAL or mode is NO_GRAD:
        return NORMAL if grad else NO_GRAD
    after = mode._replace(grad=grad)
    return NORMAL if after == NORMAL else NO_GRAD if after == NO_GRAD else after


def change(**fields: Any) -> Mode:
    """Set some fields of the current mode; returns the mode before."""
    before = current()
    if len(fields) == 1 and "grad" in fields:
        restore(with_grad(before, fields["grad"]))
        return before
    after = before._replace(**fields)
    restore(NORMAL if after == NORMAL else NO_GRAD if after == NO_GRAD else after)
    return before


class ModeContext:
    """A mode as a context manager and as a decorator of functions, generators, coroutines and classes.

    Leaving restores the fields that entering changed, and only those, also on an exception.
    """

    def __init__(self, **fields: Any) -> None:
        self._fields = fields
        self._before: list[Mode] = []

    def __enter__(self) -> Any:
        self._before.append(change(**self._fields))
        return None

    def __exit__(self, *_: object) -> None:
        before = self._before.pop()
        change(**{name: getattr(before, name) for name in self._fields})

    def _fresh(self) -> ModeContext:
        return ModeContext(**self._fields)

    def __call__(self, function: Any) -> Any:
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only "
                "decorate functions or methods. To preserve the current behavior of class decoration, you "
                "can directly decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
        if inspect.isgeneratorfunction(function):
            return _around_generator(self._fresh, function)
        if inspect.isasyncgenfunction(function):
            return _around_async_generator(self._fresh, function)
        if inspect.iscoroutinefunction(function):
            return _around_coroutine(self._fresh, function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return decorated


def _around_generator(fresh: Callable[[], ModeContext], function: Callable[..., Any]) -> Callable[..., Any]:
    """The mode holds inside the generator's body only, not in the code between its values."""

    @functools.wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with fresh():
            generator = function(*args, **kwargs)
        step: Callable[[], Any] = functools.partial(next, generator)
        while True:
            try:
                with fresh():
                    value = step()
            except StopIteration as stop:
                return stop.value
            try:
                sent = yield value
            except GeneratorExit:
                with fresh():
                    generator.close()
                raise
            except BaseException as error:
                step = functools.partial(generator.throw, error)
            else:
                step = functools.partial(generator.send, sent)

    return decorated


def _around_coroutine(fresh: Callable[[], ModeContext], function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def decorated(*args: Any, **kwargs: Any) -> Any:
        with fresh():
            return await function(*args, **kwargs)

    return decorated


def _around_async_generator(
    fresh: Callable[[], ModeContext], function: Callable[..., Any]
) -> Callable[..., Any]:
    @functools.wraps(function)
    async def decorated(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step = generator.__anext__
        while True:
            try:
                with fresh():
                    value = await step()
            except StopAsyncIteration:
                return
            try:
                sent = yield value
            except GeneratorExit:
                with fresh():
                    await generator.aclose()
                raise
            except BaseException as error:
                step = functools.partial(generator.athrow, error)
            else:
                step = functools.partial(generator.asend, sent)

    return decorated


class _Plain(ModeContext):
    """A mode without parameters: `@no_grad` works without parentheses too."""

    def __new__(cls, function: Any = None) -> Any:
        self = super().__new__(cls)
        if function is None:
            return self
        self.__init__()
        return self(function)


class no_grad(_Plain):  # noqa: N801  (PyTorch's name)
    """Nothing is recorded inside; results do not require grad.  As in PyTorch.

    >>> import tapeless as tl
    >>> x = tl.tensor([1.0], requires_grad=True)
    >>> with tl.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    def __init__(self, function: Any = None) -> None:
        super().__init__(grad=False)


class enable_grad(_Plain):  # noqa: N801
    """Operations are recorded inside, also within `no_grad`."""

    def __init__(self, function: Any = None) -> None:
        super().__init__(grad=True)


class set_grad_enabled(ModeContext):  # noqa: N801
    """Recording on or off: at once as a statement, and undone at the end of a `with` block."""

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not " + type(mode).__name__
            )
        super().__init__(grad=mode)
        self._outer = change(grad=mode)

    def __enter__(self) -> None:
        self._before.append(self._outer)

    def __call__(self, function: Any) -> Any:
        change(grad=self._outer.grad)
        return super().__call__(function)


class inference_mode(ModeContext):  # noqa: N801
    """As `no_grad`; what is made inside has no version and no base, and can never be saved for backward."""

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if isinstance(mode, bool):
            return self
        self.__init__()
        return self(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(grad=not mode, inference=mode)


def note_reading(variable: Any, what: str) -> None:
    """Tell tapes that Python takes a number out of a tensor: what it does with it they cannot see."""
    for tape in current().tapes:
        tape.note_reading(variable, what)


def is_grad_enabled() -> bool:
    """Whether operations are recorded now, in this thread."""
    return current().grad


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on now, in this thread."""
    return current().inference
