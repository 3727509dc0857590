"""Tapes as programs: that they compute what ran, on other inputs too, and say what they cannot do again."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import tapeless as tl
from tapeless.graph.array import Array
from tapeless.graph.tape import Tape
from tapeless.ir.check import check
from tapeless.ir.emit import load
from tapeless.ir.program import Const, Let, add_at, iadd
from tests.graph.programs import PROGRAMS, M, V
from tests.graph.test_random_programs import loss, random_program, run

CHOOSES = {"branches"}  # Python itself decides: a program repeats the recorded choice


def taped(f, *values):
    """The tape of a function of Arrays, and its result."""
    arrays = [Array(value) for value in values]
    with Tape(persistent=True) as tape:
        for number, one in enumerate(arrays):
            tape.watch(**{"xyz"[number]: one})
        out = f(*arrays)
    return tape, out


def loaded(tape, out):
    lifted = tape.lifted(out)
    function = load(check(lifted.program))
    function.__globals__.update(lifted.constants)
    return function


def ops(tape, out=None):
    return [let.op for let in tape.to_program(out).body]


@pytest.mark.parametrize(("f", "x"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_lifted_program_computes_what_ran(f, x):
    tape, out = taped(f, x)

    again = loaded(tape, out)

    np.testing.assert_allclose(again(x.copy()), f(x.copy()), 1e-12)
    if f.__name__ not in CHOOSES:
        new = x * 0.9 + 0.05
        np.testing.assert_allclose(again(new.copy()), f(new.copy()), 1e-12)


@pytest.mark.parametrize("seed", range(5000, 5120))
def test_a_random_program_is_lifted_to_one_that_computes_the_same(seed):
    lines, x = random_program(seed)
    tape, out = taped(lambda a: loss(run(lines, a)), x)

    again = loaded(tape, out)

    np.testing.assert_allclose(again(x.copy()), loss(run(lines, x.copy())), 1e-11, 1e-11, err_msg=str(lines))


def test_inputs_are_parameters_and_leaves_that_require_grad_follow():
    x, w = Array(M), Array(np.ones((3, 2)), requires_grad=True)
    with Tape() as tape:
        tape.watch(x=x)
        np.sum(np.tanh(x @ w))

    program = tape.to_program(name="layer")

    assert (program.name, program.params) == ("layer", ("x", "p1"))
    assert [let.op for let in program.body] == [operator.matmul, np.tanh, np.sum]


def test_results_that_nobody_read_are_returned_if_they_have_gradients():
    tape, _ = taped(lambda x: (np.sum(x), np.max(x), x > 0), V)

    program = tape.to_program()

    assert program.exit.as_tuple
    assert len(program.exit.values) == 2


def test_values_are_called_what_the_user_calls_them():
    def f(x):
        hidden = np.tanh(x @ M)
        part, rest = np.split(hidden, [1])
        scaled = (
            part
            * 2.0
        )  # fmt: skip
        lost = float(np.size(rest)) * np.sum(np.sin(rest))
        return np.sum(scaled) + lost

    tape, out = taped(f, V[:2])
    names = {name for let in tape.to_program(out).body for name in let.targets}

    assert {"hidden", "part", "rest", "scaled", "lost"} <= names


def test_a_name_is_given_to_the_outermost_operation_only():
    def inner(x):
        return x * 2.0

    def f(x):
        y = inner(np.sin(x))
        return np.sum(y)

    tape, out = taped(f, V)

    assert {name for let in tape.to_program(out).body for name in let.targets} == {"t", "t_1", "t_2"}


def test_what_is_computed_on_the_way_has_no_name():
    def f(x):
        y = x * x * x
        return np.sum(y)

    tape, out = taped(f, V)

    assert [let.targets[0] for let in tape.to_program(out).body] == ["t", "y", "t_1"]


def test_a_line_that_runs_again_names_each_of_its_results():
    def f(x):
        y = x
        for _ in range(3):
            y = np.sin(y) * x
        return np.sum(y)

    tape, out = taped(f, V)

    assert {name for let in tape.to_program(out).body for name in let.targets} == {
        "y", "y_1", "y_2", "t", "t_1", "t_2", "t_3",
    }  # fmt: skip


def test_writes_are_writes():
    def f(x):
        y = np.zeros_like(x)
        y[0] = x[1]
        y[1:] += x[:2]
        y += x
        y *= x
        return np.sum(y)

    tape, out = taped(f, V)
    writes = [let for let in tape.to_program(out).body if isinstance(let, Let) and let.effect]

    assert [let.op for let in writes] == [operator.setitem, add_at, iadd, operator.setitem]
    assert [let.args[1] for let in writes[:2]] == [Const(0), Const(slice(1, None))]  # y[0], not y[0, ...]


def test_an_array_that_is_read_while_it_is_written_is_the_same_array():
    def f(x):
        y = x * 2.0
        y *= y
        y[1:] += y[:-1]
        y[...] = y[::-1]
        return np.sum(y * np.arange(3.0))

    tape, out = taped(f, V)
    new = np.array([3.0, -1.0, 2.0])

    assert not tape.lifted(out).constants.keys() - {"c1"}
    np.testing.assert_allclose(loaded(tape, out)(new), f(new))
    np.testing.assert_allclose(tape.replay(new, outputs=out), f(new))


def test_a_slice_up_to_a_computed_place_is_computed_again():
    def f(x):
        return np.sum(x[: np.argmax(x)])

    tape, out = taped(f, np.array([1.0, 2.0, 9.0]))
    new = np.array([1.0, 9.0, 2.0])

    assert loaded(tape, out)(new) == f(new) == tape.replay(new, outputs=out) == 1.0
    assert ":v1" in str(tape)


def test_through_detached_tensors_nothing_flows():
    def f(x):
        with tl.no_grad():
            quiet = np.sin(x) * 2.0
        return np.sum(x.detach() * x * quiet + np.array(x.detach()))

    tape, out = taped(f, V)

    assert [let.op.__name__ for let in tape.to_program(out).body].count("stopped") >= 2
    np.testing.assert_allclose(loaded(tape, out)(V), out.detach()._data)


def test_tensors_are_lifted_in_numpys_words():
    x = tl.tensor(M)
    with Tape() as tape:
        tape.watch(x=x)
        h = (x.clamp(min=0.0) @ x.t()).mean(dim=1, keepdim=True)
        out = h.var() + h.squeeze(1).max() + x.flatten()[2:4].sum()
        y = x.clone()
        y[0, 1] = 5.0
        y[1].mul_(2.0)
        y.add_(x, alpha=3)
        total = out + y.sum() + y.std(dim=0, unbiased=False).sum()

    again = loaded(tape, total)

    np.testing.assert_allclose(again(M.copy()), total.item(), 1e-12)
    new = M * 0.9 + 0.1
    np.testing.assert_allclose(again(new.copy()), tape.replay(new, outputs=total), 1e-12)


def test_zero_dimensional_tensors_are_written_to():
    x = tl.tensor(V)
    with Tape() as tape:
        tape.watch(x=x)
        s = x.sum()
        s *= 3.0
        s += x[0]

    np.testing.assert_allclose(loaded(tape, s)(V), 3.0 * V.sum() + V[0])


# What is left as it was -------------------------------------------------------------------------------------


def test_numbers_that_python_takes_out_are_noted_with_their_lines():
    def f(x):
        n = int(np.argmax(x))
        if x[0] > 0.5 and x[1] in x:
            x = x * n
        constant = Array(np.ones(2))
        return np.sum(x) if constant[0] > 0 else x[0]

    tape, out = taped(f, V)
    lifted = tape.lifted(out)

    assert [reading.what for reading in lifted.readings] == ["int()", "bool()", "bool()"]
    assert [reading.line.text.split()[0] for reading in lifted.readings] == ["n", "if", "if"]


def test_booleans_that_numpy_gives_are_noted():
    tape, out = taped(lambda x: np.sum(x) if np.allclose(x, x) and np.ndim(x) else x[0], V)

    assert [reading.what for reading in tape.lifted(out).readings] == ["np.allclose"]


def test_lengths_that_follow_from_values_are_noted():
    tape, out = taped(lambda x: np.sum(x[x > 0.0]) + np.sum(x[np.nonzero(x)]), V)

    assert len(tape.lifted(out).sized) == 1  # one line
    assert not tape.lifted(out).readings


def test_what_was_there_before_and_was_written_to_is_refused():
    buffer = Array(np.zeros(3))

    def f(x):
        buffer[1:] = x[1:]
        return np.sum(buffer)

    tape, out = taped(f, V)

    with pytest.raises(RuntimeError, match=r"lifted: c1 \(float64 \(3,\)\) was made before the tape"):
        tape.to_program(out)


def test_a_custom_function_is_refused():
    class Twice(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0

        @staticmethod
        def backward(ctx, g):
            return g * 2.0

    x = tl.tensor(V)
    with Tape() as tape:
        tape.watch(x=x)
        out = Twice.apply(x).sum()

    with pytest.raises(RuntimeError, match="was computed by TwiceBackward, which a tape does not hear of"):
        tape.to_program(out)


def test_a_write_while_gradients_are_off_is_refused():
    x = tl.tensor(V)
    with Tape() as tape:
        tape.watch(x=x)
        y = x * 2.0
        with tl.no_grad():
            y.mul_(3.0)
        out = y.sum()

    with pytest.raises(RuntimeError, match=r"multiply at .* wrote, while gradients were off"):
        tape.to_program(out)


def test_what_the_outputs_do_not_need_is_left_out():
    tape, _ = taped(lambda x: (np.sum(x), np.exp(x)), V)
    first = tape[0]

    assert first.name == "sum"
    assert ops(tape, None) == [np.sum, np.exp]
