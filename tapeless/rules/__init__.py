"""The table of derivative rules, and the words to add to it."""

from tapeless.rules import constant as _constant  # noqa: F401
from tapeless.rules import contractions as _contractions  # noqa: F401
from tapeless.rules import einsum as _einsum  # noqa: F401
from tapeless.rules import elementwise as _elementwise  # noqa: F401
from tapeless.rules import indexing as _indexing  # noqa: F401
from tapeless.rules import shapes as _shapes  # noqa: F401
from tapeless.rules.kinds import constant, elementwise, forward_rule, general, linear
from tapeless.rules.table import primitive

__all__ = ["constant", "elementwise", "forward_rule", "general", "linear", "primitive"]
