"""The table of derivative rules, and the words to add to it."""

from tapeless.rules import activations as _activations  # noqa: F401
from tapeless.rules import constant as _constant  # noqa: F401
from tapeless.rules import contractions as _contractions  # noqa: F401
from tapeless.rules import decompositions as _decompositions  # noqa: F401
from tapeless.rules import einsum as _einsum  # noqa: F401
from tapeless.rules import elementwise as _elementwise  # noqa: F401
from tapeless.rules import extremes as _extremes  # noqa: F401
from tapeless.rules import fourier as _fourier  # noqa: F401
from tapeless.rules import grids as _grids  # noqa: F401
from tapeless.rules import indexing as _indexing  # noqa: F401
from tapeless.rules import joining as _joining  # noqa: F401
from tapeless.rules import linalg as _linalg  # noqa: F401
from tapeless.rules import linear_forms as _linear_forms  # noqa: F401
from tapeless.rules import lists as _lists  # noqa: F401
from tapeless.rules import norms as _norms  # noqa: F401
from tapeless.rules import parts as _parts  # noqa: F401
from tapeless.rules import polynomials as _polynomials  # noqa: F401
from tapeless.rules import puts as _puts  # noqa: F401
from tapeless.rules import reductions as _reductions  # noqa: F401
from tapeless.rules import running as _running  # noqa: F401
from tapeless.rules import scans as _scans  # noqa: F401
from tapeless.rules import shapes as _shapes  # noqa: F401
from tapeless.rules import shields as _shields  # noqa: F401
from tapeless.rules import signals as _signals  # noqa: F401
from tapeless.rules import sorting as _sorting  # noqa: F401
from tapeless.rules import statistics as _statistics  # noqa: F401
from tapeless.rules import steps as _steps  # noqa: F401
from tapeless.rules.kinds import constant, elementwise, forward_rule, general, linear
from tapeless.rules.table import primitive

__all__ = ["constant", "elementwise", "forward_rule", "general", "linear", "primitive"]
