"""NumPy under another name, for programs that also run on Arrays.  Say `import tapeless.numpy as np`.

What NumPy's own functions cannot hand over to an Array is here: `array([x, y])`, `zeros(3)` that is written
to afterwards, `float64(x)`, `isinstance(x, ndarray)`, `r_[x, y]`.  All other names are NumPy's own objects.

    >>> import tapeless as tl
    >>> import tapeless.numpy as np
    >>> def f(x):
    ...     y = np.zeros(2)
    ...     y[0] = x * x
    ...     return np.sum(np.array([y[0], 3.0 * x]))
    >>> float(tl.grad(f, mode="tape")(2.0))
    7.0

On plain arrays every function gives what NumPy's gives.  Functions whose source is read need none of this:
there a name of this module means the one of NumPy that it stands for.
"""

# ruff: noqa: F401, A004

from tapeless.numpy import fft, linalg, lists, random
from tapeless.numpy.creation import (
    arange,
    array,
    asanyarray,
    asarray,
    ascontiguousarray,
    asfortranarray,
    copy,
    empty,
    empty_like,
    eye,
    fromiter,
    full,
    full_like,
    identity,
    isscalar,
    linspace,
    ones,
    ones_like,
    tri,
    zeros,
    zeros_like,
)
from tapeless.numpy.joining import c_, r_
from tapeless.numpy.lists import (
    amax,
    amin,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    cumprod,
    cumsum,
    diag,
    dot,
    inner,
    kron,
    max,
    mean,
    median,
    min,
    ndim,
    outer,
    prod,
    ravel,
    reshape,
    shape,
    size,
    std,
    sum,
    tensordot,
    transpose,
    var,
    vdot,
    where,
)
from tapeless.numpy.mapping import vectorize
from tapeless.numpy.names import borrowed, listed
from tapeless.numpy.scalars import (
    cdouble,
    clongdouble,
    complex64,
    complex128,
    complexfloating,
    csingle,
    double,
    float16,
    float32,
    float64,
    floating,
    generic,
    half,
    inexact,
    int8,
    int16,
    int32,
    int64,
    int_,
    integer,
    intp,
    longdouble,
    ndarray,
    number,
    signedinteger,
    single,
    uint8,
    uint16,
    uint32,
    uint64,
    unsignedinteger,
)

__getattr__ = borrowed(__name__, "numpy", lists.more)
__dir__ = listed(__name__, "numpy")
__all__ = __dir__()  # pyright: ignore[reportUnsupportedDunderAll]
