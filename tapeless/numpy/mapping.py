"""`vectorize`: a function of numbers, called for each element of Arrays too."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.variable import Variable
from tapeless.numpy.creation import array, with_arrays
from tapeless.numpy.names import stands_for


@stands_for(np.vectorize)
class vectorize(np.vectorize):  # noqa: N801  (NumPy's name)
    """`numpy.vectorize`, also for Arrays, which the function is given number by number.

    >>> import tapeless as tl
    >>> square = vectorize(lambda x: x * x if x > 0 else 0.0)
    >>> tl.grad(lambda x: np.sum(square(x)), mode="tape")(np.array([-1.0, 2.0, 3.0]))
    array([0., 4., 6.])

    TypeError for Arrays where there is a signature, or arguments that are left out of the mapping.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = [with_arrays(arg) for arg in args]
        if not any([isinstance(arg, Variable) for arg in (*given, *kwargs.values())]):
            return super().__call__(*args, **kwargs)
        if kwargs or self.signature or self.excluded:  # type: ignore[attr-defined]
            raise TypeError("np.vectorize maps Arrays only where all arguments are positional and mapped")
        broadcast: Any = np.broadcast_arrays(*given)
        shape = broadcast[0].shape
        columns = [np.ravel(one) for one in broadcast]
        rows = [self.pyfunc(*[column[k] for column in columns]) for k in range(columns[0].size)]
        if rows and isinstance(rows[0], tuple):
            return tuple([np.reshape(array(list(part)), shape) for part in zip(*rows, strict=True)])
        return np.reshape(array(rows), shape)
