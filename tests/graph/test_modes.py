"""What is recorded: contexts, decorators, threads, generators, coroutines."""

from __future__ import annotations

import asyncio
import threading

import pytest

import tapeless as tl


def on():
    return tl.is_grad_enabled()


@pytest.fixture
def x():
    return tl.ones(2, requires_grad=True)


def test_results_inside_no_grad_do_not_require_grad_and_new_tensors_may(x):
    with tl.no_grad():
        result = x * 2
        new = tl.ones(2, requires_grad=True)

    assert not result.requires_grad
    assert result.is_leaf
    assert new.requires_grad


def test_modes_nest_and_are_restored():
    with tl.no_grad():
        with tl.enable_grad():
            assert on()
            with tl.set_grad_enabled(False):
                assert not on()
            assert on()
        assert not on()
    assert on()


def test_one_object_may_be_entered_twice():
    mode = tl.no_grad()
    with mode:
        with mode:
            assert not on()
        assert not on()
    assert on()


@pytest.mark.parametrize("mode", [tl.no_grad, tl.inference_mode, lambda: tl.set_grad_enabled(False)])
def test_an_exception_restores_the_mode(mode):
    with pytest.raises(ZeroDivisionError), mode():
        raise ZeroDivisionError

    assert on()
    assert not tl.is_inference_mode_enabled()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (tl.no_grad, False),
        (tl.no_grad(), False),
        (tl.enable_grad, True),
        (tl.set_grad_enabled(True), True),
        (tl.inference_mode, False),
        (tl.inference_mode(), False),
        (tl.inference_mode(False), True),
    ],
)
def test_modes_decorate_functions_with_and_without_parentheses(mode, expected):
    @mode
    def run(a, *, b):
        """Its own."""
        return on(), a, b

    assert run(1, b=2) == (expected, 1, 2)
    assert run.__name__ == "run"
    assert run.__doc__ == "Its own."
    assert on()


def test_a_decorated_function_may_recurse():
    @tl.no_grad()
    def run(n):
        return on() if n == 0 else run(n - 1)

    assert run(3) is False
    assert on()


def test_set_grad_enabled_acts_at_once():
    tl.set_grad_enabled(False)
    first = on()
    tl.set_grad_enabled(True)

    assert (first, on()) == (False, True)


def test_set_grad_enabled_is_undone_by_its_block():
    mode = tl.set_grad_enabled(False)
    before = on()
    with mode:
        inside = on()

    assert (before, inside, on()) == (False, False, True)


def test_decorating_with_set_grad_enabled_changes_nothing_outside():
    @tl.set_grad_enabled(False)
    def run():
        return on()

    assert on()
    assert run() is False
    assert on()


def test_set_grad_enabled_takes_booleans_only():
    with pytest.raises(TypeError, match=r"argument 'enabled' \(position 1\) must be bool, not int"):
        tl.set_grad_enabled(1)
    assert on()


def test_decorating_a_class_warns():
    with pytest.warns(
        FutureWarning, match="Decorating classes is deprecated and will be disabled in future versions"
    ):

        @tl.no_grad()
        class Model:
            def __init__(self):
                self.mode = on()

    assert Model().mode is False


# Generators and coroutines --------------------------------------------------------------------------------


def test_a_generators_mode_holds_in_its_body_only():
    @tl.no_grad()
    def run():
        sent = yield on()
        yield on(), sent
        return "end"

    generator = run()

    assert next(generator) is False
    assert on()
    assert generator.send(5) == (False, 5)
    assert on()
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"


def test_generators_may_interleave():
    @tl.no_grad()
    def off():
        for _ in range(3):
            yield on()

    @tl.enable_grad()
    def enabled():
        for _ in range(3):
            yield on()

    with tl.no_grad():
        assert list(zip(off(), enabled(), strict=True)) == [(False, True)] * 3
        assert not on()
    assert on()


def test_exceptions_go_into_a_generator_in_its_mode():
    log = []

    @tl.no_grad()
    def run():
        try:
            yield 1
        except ValueError:
            yield on()
        finally:
            log.append(on())

    generator = run()
    next(generator)

    assert generator.throw(ValueError()) is False
    assert on()
    generator.close()
    assert log == [False]
    assert on()


def test_a_generator_that_raises_restores_the_mode():
    @tl.no_grad()
    def run():
        yield 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(run())
    assert on()


def test_coroutines_have_the_mode_throughout():
    @tl.no_grad()
    async def run():
        before = on()
        await asyncio.sleep(0)
        return before, on()

    async def beside():
        await asyncio.sleep(0)
        return on()

    async def both():
        return await asyncio.gather(run(), beside())

    assert asyncio.run(both()) == [(False, False), True]


def test_asynchronous_generators_too():
    @tl.no_grad()
    async def run():
        yield on()
        yield on()

    async def collect():
        return [(value, on()) async for value in run()]

    assert asyncio.run(collect()) == [(False, True)] * 2


# Threads --------------------------------------------------------------------------------------------------


def test_a_new_thread_starts_in_the_ordinary_mode():
    seen = []
    with tl.no_grad():
        thread = threading.Thread(target=lambda: seen.append(on()))
        thread.start()
        thread.join()

    assert seen == [True]


def test_a_mode_stays_in_its_thread():
    entered, leave, seen = threading.Event(), threading.Event(), []

    def run():
        with tl.no_grad():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=run)
    thread.start()
    entered.wait()
    seen.append(on())
    leave.set()
    thread.join()

    assert seen == [True]


# Inference mode -------------------------------------------------------------------------------------------


def test_inference_mode_is_left_by_inference_mode_false():
    with tl.inference_mode():
        assert (tl.is_inference_mode_enabled(), on()) == (True, False)
        with tl.inference_mode(False):
            assert (tl.is_inference_mode_enabled(), on()) == (False, True)
        with tl.enable_grad():
            assert not (tl.ones(2, requires_grad=True) * 2).requires_grad


def test_inference_tensors_stay_so_and_normal_ones_stay_normal(x):
    with tl.inference_mode():
        made = x * 2
        view = x[:1]
        inside = made.add_(1)

    assert made.is_inference()
    assert inside is made
    assert not x.is_inference()
    assert not view.is_inference()
    assert not made.clone().is_inference()


def test_inference_tensors_cannot_be_saved(x):
    with tl.inference_mode():
        made = tl.ones(2)

    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        x * made
    assert (x + made).requires_grad
    assert (x * made.clone()).requires_grad


def test_inference_tensors_are_written_to_inside_only():
    with tl.inference_mode():
        made = tl.ones(2)

    with pytest.raises(
        RuntimeError, match="Inplace update to inference tensor outside InferenceMode is not allowed"
    ):
        made.add_(1)
    with pytest.raises(
        RuntimeError, match="Setting requires_grad=True on inference tensor outside InferenceMode"
    ):
        made.requires_grad_()
    with pytest.raises(RuntimeError, match="Inference tensors do not track version counter"):
        made._version
