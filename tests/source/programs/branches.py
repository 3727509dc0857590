"""if / elif / else, conditional expressions, comparisons and logic."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


@program(1.4)
def if_else(x):
    if x > 0:
        y = x**2
    else:
        y = -x
    return y * x


@program(-1.4, name="if_else_other_side")
@program(0.4)
def if_elif(x):
    if x < -1:
        y = x * 2
    elif x < 0:
        y = x**2
    elif x < 1:
        y = np.sin(x)
    else:
        y = x**3
    return y + x


@program(1.4)
def if_without_else(x):
    y = x * 2
    if y > 1:
        y = y * x
    return y


@program(0.4)
def if_not_taken(x):
    y = x * 2
    if y > 1:
        y = y * x
        z = y
    return y


@program(0.9)
def bound_in_one_branch_only(x):
    if x > 0:
        bonus = x**2
    total = x
    if x > 0:
        total = total + bonus
    return total


@program(0.9, "square")
def behaviour_by_string(x, kind):
    if kind == "square":
        return x**2
    if kind == "cube":
        return x**3
    raise ValueError(kind)


@program(V, kwargs={"reduction": "mean"})
def reduction_by_name(x, reduction="sum"):
    loss = x**2
    if reduction == "sum":
        return np.sum(loss)
    elif reduction == "mean":
        return np.mean(loss)
    else:
        return loss


@program(1.7, 2)
def behaviour_by_integer(x, order):
    if order == 0:
        out = x
    elif order == 1:
        out = x**2
    else:
        out = np.exp(x)
    return out * 2


@program(1.2, None)
def optional_argument(x, scale=None):
    if scale is None:
        scale = 2.0
    return scale * x**2


@program(1.2, 0.5, wrt=(0, 1))
def optional_argument_given(x, scale=None):
    if scale is not None:
        x = x * scale
    return x**2


@program(-0.8)
def conditional_expression(x):
    y = x if x > 0 else 0.1 * x
    return y * y


@program(0.6)
def nested_conditional_expression(x):
    return (x**2 if x < 0.5 else x**3 if x < 1 else x) + (1 if x > 0 else 2) * x


@program(0.6, 1.1, wrt=(0, 1))
def chained_comparison(x, y):
    if 0 < x < y <= 2:
        return x * y
    return x - y


@program(0.6, 1.1, wrt=(0, 1))
def and_or_not(x, y):
    if (x > 0 and y > 1) or not (x < y):
        z = x * y**2
    else:
        z = x
    return z + (0 if not y else y)


@program(0.6)
def value_of_or(x):
    y = x or 1.0
    z = x and x * 2
    return y * z


@program(0.0)
def value_of_or_at_zero(x):
    y = x + 1.0
    return (0.0 or y) * 3 + (None or y) ** 2


@program(V, {"rate": 0.3})
def default_from_dict(x, options):
    rate = options.get("rate") or 0.1
    momentum = options.get("momentum") or 0.9
    return np.sum(x * rate) ** 2 + momentum * x[0]


@program(0.6)
def walrus(x):
    if (y := x**2) > 0.1:
        return y * x
    return y


@program(V)
def walrus_in_expression(x):
    return np.sum((s := x * 2) * s) + s[0]


@program(0.6)
def nested_ifs(x):
    if x > 0:
        if x > 0.5:
            y = x**2
        else:
            y = x**3
        y = y * 2
    else:
        if x < -0.5:
            y = -x
        else:
            y = 0.0
    return y + x


@program(V)
def condition_on_array(x):
    if np.any(x > 2) and not np.all(x > 0):
        return np.sum(x**2)
    return np.sum(x)


@program(V)
def condition_on_norm(x):
    norm = np.sqrt(np.sum(x**2))
    if norm > 1.0:
        x = x / norm
    return x[0] * x[1] + x[2]


@program(0.6)
def early_return(x):
    if x < 0:
        return -x
    y = x * x
    if y > 10:
        return y
    return y * x


@program(-0.6, name="early_return_first")
@program(5.0, name="early_return_second")
def early_returns(x):
    if x < 0:
        return -x * x
    y = x * x
    if y > 10:
        return y
    return y * x


@program(0.6)
def returns_in_both_branches(x):
    if x > 0.5:
        y = x * 2
        return y * y
    else:
        y = x * 3
        return y


@program(0.7)
def overwriting_the_argument(x):
    if x > 0:
        x = x * 2
    x = x + 1
    if x > 2:
        x = x**2
    return x


@program(0.7)
def swapped_in_a_branch(x):
    a, b = x, x**2
    if a > b:
        a, b = b, a
    return a**2 - b


@program(1.5, 0.5, wrt=(0, 1))
def variable_from_another(a, b):
    big = a
    small = b
    if big < small:
        big, small = small, big
    return big**2 / small


@program(V)
def pass_statements(x):
    if x[0] > 0:
        pass
    else:
        x = -x
    if len(x) == 0:
        pass
    return np.sum(x**3)


@program(0.7)
def membership(x):
    if "relu" in ("tanh", "relu") and 3 not in [1, 2]:
        return x**2
    return x


@program(0.7, "tanh")
def activation_table(x, name):
    table = {"tanh": np.tanh, "sin": np.sin, "square": lambda v: v * v}
    return table[name](x) + table["square"](x)


@program(-0.5)
def different_types_in_branches(x):
    if x > 0:
        penalty = 1
    else:
        penalty = x**2
    return penalty * 2 + x


@program(0.5)
def match_on_a_string(x):
    mode = "double"
    match mode:
        case "double":
            y = 2 * x
        case "square":
            y = x**2
        case _:
            y = x
    return y * x


@program(V, 2, wrt=0)
def counting_with_comparisons(x, n):
    count = (x > 0) + (x > 1) * 1
    return np.sum(count * x) + (n == 2) * x[0]


@program(0.3, 0.9, wrt=(0, 1))
def comparison_kept_as_value(x, y):
    bigger = x > y
    close = abs(x - y) < 1
    return (x if bigger else y) * (2 if close else 3) + x**2


@program(V)
def piecewise_by_where(x):
    return np.sum(np.where(x > 0, x**2, np.exp(x)) * np.where(x > 1, 1.0, 2.0))


@program(0.3)
def only_returns_a_constant_here(x):
    if x > 1:
        return x
    return x * 0 + x**2


@program(0.3, zero=True)
def flat_piece(x):
    if x > 0:
        return 1.0
    return x


@program(0.3, True, False)
def flags(x, training, verbose=True):
    y = x * 2 if training else x
    if verbose:
        y = y + 1
    if not training and verbose:
        return y
    return y**2
