"""How windows lie over an input: strides, paddings and dilations as they are given, and what does not fit.

Each may be one number for all axes, or one for each.  Errors are in PyTorch's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tapeless.rules.kinds import constant
from tapeless.rules.table import primitive

Shape: TypeAlias = tuple[int, ...]
Steps: TypeAlias = tuple[int, ...]
Pairs: TypeAlias = tuple[tuple[int, int], ...]

# As they are given.
Sizes: TypeAlias = int | Sequence[int]
Padding: TypeAlias = int | str | Sequence[int] | Pairs


def of_each_axis(name: str, value: Sizes, count: int) -> Steps:
    """A number for each of `count` axes; RuntimeError if there are more or fewer.

    >>> of_each_axis("stride", 2, 2), of_each_axis("stride", (1, 2), 2)
    ((2, 2), (1, 2))
    """
    if not isinstance(value, tuple | list):
        return (value,) * count  # type: ignore[return-value]
    if len(value) == 1:
        return (value[0],) * count
    if len(value) != count:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {count} values to match the "
            f"convolution dimensions, but got {name}={list(value)}"
        )
    return tuple(value)


def laid(w: Shape, stride: Sizes, padding: Padding, dilation: Sizes) -> tuple[Steps, Pairs, Steps]:
    """Stride, padding before and after, and dilation for each axis of kernels of that shape."""
    count = len(w) - 2
    steps, far = of_each_axis("stride", stride, count), of_each_axis("dilation", dilation, count)
    if min(steps) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(far) <= 0:
        raise RuntimeError("non-positive dilation is not supported")
    return steps, _pairs(w, padding, steps, far), far


def _pairs(w: Shape, padding: Padding, stride: Steps, dilation: Steps) -> Pairs:
    count = len(stride)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * count
        if padding != "same":
            raise RuntimeError(f"Invalid padding string: '{padding}'")
        if max(stride) > 1:
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        reach = [far * (k - 1) for k, far in zip(w[2:], dilation, strict=True)]
        return tuple((whole // 2, whole - whole // 2) for whole in reach)
    if isinstance(padding, tuple | list) and isinstance(padding[0], tuple):
        return padding  # type: ignore[return-value]
    around = of_each_axis("padding", padding, count)  # type: ignore[arg-type]
    if min(around) < 0:
        raise RuntimeError("negative padding is not supported")
    return tuple((pad, pad) for pad in around)


def places(shape: Shape, size: Shape, stride: Steps, padding: Pairs, dilation: Steps) -> Shape:
    """How many places a kernel of that size has along each length of (batch, channels, *lengths)."""
    whole = [n + before + after for n, (before, after) in zip(shape[2:], padding, strict=True)]
    reach = [(k - 1) * step for k, step in zip(size, dilation, strict=True)]
    return tuple((n - far - 1) // step + 1 for n, far, step in zip(whole, reach, stride, strict=True))


def check_convolved(x: Shape, w: Shape, padding: Pairs, dilation: Steps, groups: int) -> None:
    """RuntimeError if an input of that shape cannot be convolved with such kernels."""
    count = len(w) - 2
    if len(x) != len(w):
        raise RuntimeError(
            f"Expected {count + 1}D (unbatched) or {count + 2}D (batched) input to conv{count}d, "
            f"but got input of size: {list(x)}"
        )
    check_groups(w, groups)
    if x[1] != w[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(w)}, expected input{list(x)} to have "
            f"{w[1] * groups} channels, but got {x[1]} channels instead"
        )
    whole = [n + before + after for n, (before, after) in zip(x[2:], padding, strict=True)]
    reach = [(k - 1) * step + 1 for k, step in zip(w[2:], dilation, strict=True)]
    if any(n < far for n, far in zip(whole, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, whole))}). "
            f"Kernel size: ({' x '.join(map(str, reach))}). "
            "Kernel size can't be greater than actual input size"
        )


def check_groups(w: Shape, groups: int) -> None:
    """RuntimeError if the first axis of the kernels cannot be divided among the groups."""
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if w[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, "
            f"but got weight of size {list(w)} instead"
        )
    if w[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{list(w)}] instead"
        )


def check_bias(given: str, w: Shape, bias: Shape, outputs: int) -> None:
    """RuntimeError if there is not one number for each output."""
    if bias != (outputs,):
        raise RuntimeError(
            f"Given {given}weight of size {list(w)}, expected bias to be 1-dimensional with {outputs} "
            f"elements, but got bias of size {list(bias)} instead"
        )


# Transposed convolutions ------------------------------------------------------------------------------


@primitive
def transposed_shape(
    x: Shape,
    w: Shape,
    bias: Shape | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Shape:
    """The shape that a transposed convolution gives; RuntimeError if nothing fits."""
    count = len(w) - 2
    if len(x) != len(w):
        raise RuntimeError(
            f"Expected {count + 1}D (unbatched) or {count + 2}D (batched) input to conv_transpose{count}d, "
            f"but got input of size: {list(x)}"
        )
    check_groups(w, groups)
    if x[1] != w[0]:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(w)}, expected input{list(x)} to have {w[0]} channels, "
            f"but got {x[1]} channels instead"
        )
    if bias is not None:
        check_bias("transposed=1, ", w, bias, w[1] * groups)
    steps, around, far = laid(w, stride, padding, dilation)
    more = _more(output_padding, steps, far)
    lengths = tuple(
        (n - 1) * step - before - after + reach * (k - 1) + extra + 1
        for n, k, step, (before, after), extra, reach in zip(
            x[2:], w[2:], steps, around, more, far, strict=True
        )
    )
    if min(lengths) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({' x '.join(map(str, x[2:]))}). "
            f"Calculated output size per channel: ({' x '.join(map(str, lengths))}). Output size is too small"
        )
    return (x[0], w[1] * groups, *lengths)


def _more(output_padding: Sizes, stride: Steps, dilation: Steps) -> Steps:
    more = of_each_axis("output_padding", output_padding, len(stride))
    if min(more) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if any(extra >= max(step, far) for extra, step, far in zip(more, stride, dilation, strict=True)):
        names = ("height", "width")[-len(more) :]
        given = " ".join(
            f"{what}_{name}: {number}"
            for what, numbers in (("output_padding", more), ("stride", stride), ("dilation", dilation))
            for name, number in zip(names, numbers, strict=True)
        )
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {given}")
    return more


@primitive
def transposed_padding(padding: Sizes, output_padding: Sizes, count: int) -> Pairs:
    """With which padding a convolution takes the shape of a transposed one back to its input's.

    >>> transposed_padding(1, (0, 2), 2)
    ((1, 1), (1, -1))
    """
    around = of_each_axis("padding", padding, count)
    more = of_each_axis("output_padding", output_padding, count)
    return tuple((pad, pad - extra) for pad, extra in zip(around, more, strict=True))


constant(transposed_shape, transposed_padding)


# Padding by itself ------------------------------------------------------------------------------------


@primitive
def kept_within(shape: Shape, pad: Sequence[int]) -> tuple[slice, ...]:
    """What negative numbers of `pad`, (before, after) from the last axis on, leave of each axis.

    >>> kept_within((2, 5), (-1, 2))
    (slice(0, 2, None), slice(1, 5, None))
    """
    kept: list[slice] = []
    for axis, (n, (before, after)) in enumerate(zip(shape, _by_axis(len(shape), pad), strict=True)):
        if n + before + after < 0:
            raise RuntimeError(
                f"The input size {n}, plus negative padding {before} and {after}, resulted in a negative "
                f"output size at dimension {axis}"
            )
        kept.append(slice(max(-before, 0), n - max(-after, 0)))
    return tuple(kept)


@primitive
def widths_around(shape: Shape, pad: Sequence[int], mode: str) -> Pairs:
    """How much is put before and after along each axis; RuntimeError for more than the mode can put there.

    >>> widths_around((2, 5), (-1, 2), "constant")
    ((0, 0), (0, 2))
    """
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding "
            f"length {len(pad)} and input of dimension {len(shape)}"
        )
    widths = tuple((max(before, 0), max(after, 0)) for before, after in _by_axis(len(shape), pad))
    for axis, (n, pair) in enumerate(zip(shape, widths, strict=True)):
        if mode == "reflect" and max(pair) >= max(n, 1):
            raise RuntimeError(
                "Padding size should be less than the corresponding input dimension, but got: padding "
                f"{pair} at dimension {axis} of input {list(shape)}"
            )
        if mode == "circular" and max(pair) > n:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if mode == "replicate" and n == 0 and max(pair) > 0:
            raise RuntimeError(f"dimension {axis} of input {list(shape)} is empty: nothing to repeat")
    return widths


def _by_axis(ndim: int, pad: Sequence[int]) -> Pairs:
    """Pairs in the order of the axes, of numbers that begin with the last axis."""
    count = len(pad) // 2
    pairs = tuple((pad[2 * place], pad[2 * place + 1]) for place in reversed(range(count)))
    return ((0, 0),) * (ndim - count) + pairs


constant(kept_within, widths_around)


# Pooling ----------------------------------------------------------------------------------------------


def pooling(
    name: str, axes: int, size: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes = 1
) -> tuple[Steps, Steps, Steps, Steps]:
    """Size, stride, padding and dilation of the windows for each axis; a stride of None is the size."""
    own = of_each_window_axis(name, "kernel_size", size, axes)
    steps = own if stride is None else of_each_window_axis(name, "stride", stride, axes)
    pads = of_each_window_axis(name, "padding", padding, axes)
    far = of_each_window_axis(name, "dilation", dilation, axes)
    if min(own) <= 0:
        raise RuntimeError(f"kernel size should be greater than zero, but got {list(own)}")
    if min(steps) <= 0:
        raise RuntimeError("stride should not be zero")
    if min(far) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(far)}")
    if min(pads) < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {min(pads)}")
    for k, pad, reach in zip(own, pads, far, strict=True):
        if pad > (reach * (k - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={pad}, kernel_size={k} and dilation={reach}"
            )
        if pad > k // 2:
            raise RuntimeError(
                "pad should be smaller than or equal to half of kernel size, but got "
                f"pad={pad} and kernel_size={k}"
            )
    return own, steps, pads, far


def of_each_window_axis(function: str, name: str, value: Sizes, count: int) -> Steps:
    """As `of_each_axis`, in the words of pooling."""
    if not isinstance(value, tuple | list):
        return (value,) * count  # type: ignore[return-value]
    if len(value) == 1:
        return (value[0],) * count
    if len(value) != count:
        numbers = "a tuple of two ints" if count == 2 else "one int"
        raise RuntimeError(f"{function}: {name} must either be a single int, or {numbers}")
    return tuple(value)


def pooled_lengths(
    lengths: Shape, size: Shape, stride: Steps, padding: Steps, dilation: Steps, ceil_mode: bool
) -> Shape:
    """How many windows there are along each axis; with `ceil_mode` the last may reach beyond the padding.

    >>> [pooled_lengths((5,), (2,), (2,), (0,), (1,), ceil_mode) for ceil_mode in (False, True)]
    [(2,), (3,)]
    """
    found: list[int] = []
    for n, k, step, pad, far in zip(lengths, size, stride, padding, dilation, strict=True):
        rest = n + 2 * pad - far * (k - 1) - 1
        count = (rest + (step - 1 if ceil_mode else 0)) // step + 1
        if ceil_mode and (count - 1) * step >= n + pad:  # nothing but padding would be under it
            count -= 1
        found.append(count)
    return tuple(found)


def check_pooled(shape: Shape, counts: Shape) -> None:
    """RuntimeError if no window fits into an input of that shape."""
    if min(counts) < 1:
        own = shape[-len(counts) - 1 :]
        given = "x".join(map(str, own))
        found = "x".join(map(str, (*own[: -len(counts)], *counts)))
        raise RuntimeError(
            f"Given input size: ({given}). Calculated output size: ({found}). Output size is too small"
        )


def adaptive_counts(name: str, shape: Shape, axes: int, lengths: int | Sequence[int | None]) -> Shape:
    """How many windows along each of the last `axes`; None keeps a length."""
    wanted = of_each_window_axis(name, "output_size", lengths, axes)  # type: ignore[arg-type]
    found = tuple(n if m is None else m for n, m in zip(shape[len(shape) - axes :], wanted, strict=True))
    if min(found, default=0) < 0:
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received "
            f"{{{', '.join(map(str, wanted))}}}"
        )
    empty = next((axis for axis in range(len(shape) - axes, len(shape)) if shape[axis] == 0), None)
    if empty is not None and min(found) > 0:
        raise RuntimeError(
            f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
            f"{list(shape)} with dimension {empty} being empty"
        )
    return found


def adaptive_bounds(n: int, count: int) -> list[tuple[int, int]]:
    """Where `count` windows over n places begin and end.

    >>> adaptive_bounds(5, 3)
    [(0, 2), (1, 4), (3, 5)]
    """
    return [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]
