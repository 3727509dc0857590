"""How a program is run: plainly, by differences, on the tape, by the source road in both modes and twice."""

from __future__ import annotations

import contextlib
import io
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tapeless

from tests.source.programs.containers import is_leaf, leaves, rebuilt
from tests.source.programs.registry import Program

STEP = 1e-4  # of a difference of fourth order: its error is round-off, 1e-12


@dataclass(frozen=True)
class Run:
    """What a call gave: its value, what it printed, and its arguments afterwards."""

    value: Any
    printed: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def run(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        value = function(*args, **kwargs)
    return Run(value, printed.getvalue(), args, kwargs)


def plain(program: Program) -> Run:
    """As Python runs it."""
    return run(program.function, *program.fresh())


# What is differentiated -------------------------------------------------------------------------------------


def inputs(program: Program) -> list[Any]:
    """Numbers and arrays of the differentiated arguments, in order."""
    args, _ = program.fresh()
    return [leaf for position in program.positions for leaf in own_leaves(args[position])]


def own_leaves(arg: Any) -> list[Any]:
    """A whole number that is itself an argument counts as a float."""
    return [float(arg)] if type(arg) is int else [leaf for _, leaf in leaves(arg)]


def with_inputs(program: Program, new: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Fresh arguments with other values in the differentiated ones."""
    args, kwargs = program.fresh()
    left = list(new)
    changed = list(args)
    for position in program.positions:
        arg = float(args[position]) if type(args[position]) is int else args[position]
        changed[position] = rebuilt(arg, left)
    return tuple(changed), kwargs


def moved(values: list[Any], directions: list[Any], step: float) -> list[Any]:
    """Each value plus the step times its direction, still a Python number where it was one."""
    pairs = zip(values, directions, strict=True)
    return [like(value + step * direction, value) for value, direction in pairs]


def like(new: Any, old: Any) -> Any:
    """An array where one was, a Python number where one was."""
    if isinstance(old, np.ndarray):
        found = np.empty_like(old, dtype=np.result_type(new))
        found[...] = new
        return found
    number = np.asarray(new)[()]
    return number if isinstance(old, np.generic) else type(old)(number)


def precise(values: list[Any]) -> list[Any]:
    """For differences: float32 is too coarse."""
    coarse = (np.float16, np.float32, np.complex64)
    return [one.astype(float) if getattr(one, "dtype", None) in coarse else one for one in values]


def directions(values: list[Any]) -> list[Any]:
    """Some direction, the same on every run; for complex numbers a complex one."""
    rng = np.random.default_rng(7)
    found = []
    for value in values:
        drawn = rng.uniform(0.5, 1.5, np.shape(value)) * rng.choice([-1.0, 1.0], np.shape(value))
        if np.iscomplexobj(value):
            drawn = drawn + 1j * rng.uniform(0.5, 1.5, np.shape(value))
        found.append(drawn if isinstance(value, np.ndarray) else drawn[()])
    return [one.astype(np.asarray(value).dtype) for one, value in zip(found, values, strict=True)]


# A number to differentiate ----------------------------------------------------------------------------------

SCALAR = """\
def {name}({parameters}):
    found = {call}
    return {total}
"""


def is_scalar(value: Any) -> bool:
    return is_leaf(value) and not np.iscomplexobj(value) and np.size(value) == 1


def projected(program: Program) -> Callable[..., Any]:
    """The program itself where it gives a real number, else a function that weighs what it gives."""
    value = plain(program).value
    if is_scalar(value):
        return program.function
    return weighted(program, program.function, leaves(value), "weighted")


def weighted(
    program: Program, function: Callable[..., Any], outputs: list[tuple[str, Any]], name: str
) -> Callable[..., Any]:
    """A function in text of its own, which sums weights times what the function gives."""
    weights = directions([leaf for _, leaf in outputs])
    terms = []
    for index, (path, leaf) in enumerate(outputs):
        product = f"np.sum(w{index} * found{path})"
        terms.append(f"np.real({product})" if np.iscomplexobj(leaf) else product)
    parameters = [f"a{index}" for index in range(len(program.args))]
    keywords = [f"{key}={key}" for key in program.kwargs]
    text = SCALAR.format(
        name=name,
        parameters=", ".join([*parameters, *(["*"] if keywords else []), *program.kwargs]),
        call=f"function({', '.join([*parameters, *keywords])})",
        total=" + ".join(terms),
    )
    return built(text, f"<{name} {program.name}>", name, function=function, **weights_by_name(weights))


def plain_scalar(program: Program) -> Run:
    """As Python runs what is differentiated of it."""
    return run(projected(program), *program.fresh())


def weights_by_name(weights: list[Any]) -> dict[str, Any]:
    return {f"w{index}": weight for index, weight in enumerate(weights)}


def built(text: str, filename: str, name: str, **names: Any) -> Callable[..., Any]:
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace = {"np": np, "__name__": __name__, **names}
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]


# Differences ------------------------------------------------------------------------------------------------


def slope(f: Callable[[float], Any], step: float = STEP) -> Any:
    """df/dt at 0, from four points."""
    near, far = f(step) - f(-step), f(2 * step) - f(-2 * step)
    return (8.0 * near - far) / (12.0 * step)


def differences(program: Program) -> list[Any]:
    """The gradient by differences, for each input; du/dx - i du/dy for a complex one."""
    function, values = projected(program), precise(inputs(program))

    def along(index: int, element: tuple[int, ...], unit: complex) -> Any:
        step = np.zeros(np.shape(values[index]), np.asarray(values[index]).dtype)
        step[element] = unit
        ways = [
            like(step if other == index else np.zeros(np.shape(one)), one) for other, one in enumerate(values)
        ]
        return slope(lambda t: number(run(function, *with_inputs(program, moved(values, ways, t))).value))

    found = []
    for index, value in enumerate(values):
        gradient = np.zeros(np.shape(value), np.asarray(value).dtype)
        for element in np.ndindex(gradient.shape):
            gradient[element] = along(index, element, 1.0)
            if np.iscomplexobj(value):
                gradient[element] -= 1j * along(index, element, 1j)
        found.append(gradient)
    return found


def number(value: Any) -> Any:
    return np.asarray(value).reshape(())[()]


def derivative_along(gradient: Callable[[list[Any]], list[Any]], values: list[Any]) -> list[Any]:
    """Differences of a gradient along the direction: Hessian times it."""
    ways = directions(values)
    return [
        slope(lambda t, index=index: gradient(moved(values, ways, t))[index]) for index in range(len(values))
    ]


# By the transforms, in a mode -------------------------------------------------------------------------------


def source_run(program: Program, mode: str = "source") -> Run:
    """Value and gradient, what was printed, the arguments afterwards."""
    function = tapeless.value_and_grad(projected(program), program.wrt, mode=mode)
    return run(function, *program.fresh())


def source_gradient(program: Program, values: list[Any] | None = None, mode: str = "source") -> list[Any]:
    """The gradient for each input."""
    function = tapeless.grad(projected(program), program.wrt, mode=mode)
    arguments = program.fresh() if values is None else with_inputs(program, values)
    return gradient_leaves(program, run(function, *arguments).value)


def gradient_leaves(program: Program, gradient: Any) -> list[Any]:
    per_argument = gradient if isinstance(program.wrt, tuple) else (gradient,)
    return [leaf for one in per_argument for _, leaf in leaves(one)]


def source_second(program: Program, mode: str = "source") -> list[Any]:
    """The gradient of the gradient along the direction: reverse over reverse."""
    gradient = tapeless.grad(projected(program), program.wrt, mode=mode)
    outputs = leaves(run(gradient, *program.fresh()).value)
    along = weighted(program, gradient, outputs, "slope")
    found = run(tapeless.grad(along, program.wrt, mode=mode), *program.fresh()).value
    return gradient_leaves(program, found)


def structure(values: list[Any]) -> list[Any]:
    """Shape and dtype of each: a gradient's are its input's."""
    return [(np.shape(one), np.asarray(one).dtype) for one in values]


def inner(gradient: list[Any], ways: list[Any]) -> Any:
    """The slope along the ways; Re(g dz) for complex numbers."""
    pairs = zip(gradient, ways, strict=True)
    return sum([float(np.sum(np.real(np.asarray(g) * way))) for g, way in pairs])


def along_inputs(program: Program, function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function of its differentiated arguments alone; the others, fresh, are globals."""
    args, kwargs = program.fresh()
    taken = [f"a{index}" for index in program.positions]
    given = ", ".join([*[f"a{index}" for index in range(len(args))], *[f"{key}={key}" for key in kwargs]])
    text = f"def {name}({', '.join(taken)}):\n    return function({given})\n"
    others = {f"a{index}": arg for index, arg in enumerate(args)} | kwargs
    return built(text, f"<{name} {program.name}>", name, function=function, **others)


def primals_and_tangents(program: Program) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    args, _ = with_inputs(program, inputs(program))
    primals = tuple([args[position] for position in program.positions])
    ways = directions(inputs(program))
    left = [like(way, one) for way, one in zip(ways, inputs(program), strict=True)]
    return primals, tuple([rebuilt(one, left) for one in primals])


def forward_slope(program: Program, mode: str = "source") -> Any:
    """By forward mode, along the directions."""
    function = along_inputs(program, projected(program), "forward")
    primals, tangents = primals_and_tangents(program)
    _, tangent = run(tapeless.jvp, (function, primals, tangents), {"mode": mode}).value
    return number(tangent)


def pulled_back(program: Program, mode: str = "source") -> list[list[Any]]:
    """By a forward and a backward function; what is kept between them serves twice."""
    function = along_inputs(program, projected(program), "pulled")
    primals, _ = primals_and_tangents(program)
    out, pullback = run(tapeless.vjp, (function, *primals), {"mode": mode}).value
    seed = like(np.ones(np.shape(out)), out)
    found = [run(pullback, (seed,), {}).value for _ in range(2)]
    return [[leaf for _, leaf in leaves(one)] for one in found]


def source_hvp(program: Program, mode: str = "source") -> list[Any]:
    """The Hessian times the directions, forward over reverse."""
    function = along_inputs(program, projected(program), "forward_over_reverse")
    primals, tangents = primals_and_tangents(program)
    positions = tuple(range(len(primals)))
    gradient = tapeless.grad(function, positions, mode=mode)
    _, tangent = run(tapeless.jvp, (gradient, primals, tangents), {"mode": mode}).value
    return [leaf for _, leaf in leaves(tangent)]
