"""Operations whose derivatives the user writes."""

from __future__ import annotations

import gc
import warnings
import weakref

import pytest

import tapeless as tl
from tapeless.autograd import Function, grad
from tapeless.autograd.function import BackwardCFunction, FunctionCtx, once_differentiable


@pytest.fixture
def x():
    return tl.tensor([1.0, 2.0], requires_grad=True)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return g * out


def returning(what, *, outputs=1):
    """A Function of any arguments whose backward returns `what(g)`."""

    class Returning(Function):
        @staticmethod
        def forward(ctx, *args):
            return args[0] * 2

        @staticmethod
        def backward(ctx, g):
            return what(g)

    return Returning


def test_its_backward_gives_the_gradient(x):
    Cube.apply(x).sum().backward()

    assert x.grad.tolist() == [3.0, 12.0]


def test_the_node_is_named_after_the_class(x):
    y = Cube.apply(x)

    assert y.grad_fn.name() == "CubeBackward"
    assert type(y.grad_fn).__name__ == "CubeBackward"
    assert isinstance(y.grad_fn, BackwardCFunction)
    assert y.grad_fn.next_functions[0][0].variable is x
    assert "CubeBackward" in repr(y)


def test_second_and_third_orders_go_through_backward(x):
    (g1,) = grad(Cube.apply(x).sum(), x, create_graph=True)
    (g2,) = grad(g1.sum(), x, create_graph=True)
    (g3,) = grad(g2.sum(), x)

    assert (g1.tolist(), g2.tolist(), g3.tolist()) == ([3.0, 12.0], [6.0, 12.0], [6.0, 6.0])


def test_a_saved_output_leads_back_to_its_node(x):
    y = Exp.apply(x)
    saved = y.grad_fn.saved_tensors[0]
    (g1,) = grad(y.sum(), x, create_graph=True)
    (g2,) = grad(g1.sum(), x)

    assert saved.grad_fn is y.grad_fn
    assert saved is not y
    assert g2.tolist() == pytest.approx(x.exp().tolist())


@pytest.mark.parametrize("function", [Cube, Exp])
def test_a_graph_dies_with_its_last_reference(function):
    gc.disable()
    try:
        x = tl.tensor([1.0, 2.0], requires_grad=True)
        y = function.apply(x * 1)
        node = weakref.ref(y.grad_fn)
        context = weakref.ref(y.grad_fn.ctx)
        y.sum().backward(retain_graph=True)
        del y

        assert node() is None
        assert context() is None
    finally:
        gc.enable()


def test_forward_runs_unrecorded_and_backward_recorded_only_for_create_graph(x):
    seen = []

    class Spy(Function):
        @staticmethod
        def forward(ctx, x):
            seen.append(tl.is_grad_enabled())
            return x * 1

        @staticmethod
        def backward(ctx, g):
            seen.append(tl.is_grad_enabled())
            return g

    grad(Spy.apply(x).sum(), x)
    grad(Spy.apply(x).sum(), x, create_graph=True)

    assert seen == [False, False, False, True]
    assert tl.is_grad_enabled()


def test_setup_context_sees_arguments_defaults_and_output(x):
    class Scale(Function):
        @staticmethod
        def forward(x, k=3.0):
            return x * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            seen.append((inputs[0] is x, inputs[1], output.tolist(), tl.is_grad_enabled()))
            ctx.k = inputs[1]

        @staticmethod
        def backward(ctx, g):
            return g * ctx.k, None

    seen = []
    Scale.apply(x).sum().backward()
    Scale.apply(x, k=4.0).sum().backward()

    assert seen == [(True, 3.0, [3.0, 6.0], False), (True, 4.0, [4.0, 8.0], False)]
    assert x.grad.tolist() == [7.0, 7.0]


def test_keywords_go_to_forward(x):
    class Scale(Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.k = k
            return x * k

        @staticmethod
        def backward(ctx, g):
            return g * ctx.k, None

    assert Scale.apply(x, k=3.0).tolist() == [3.0, 6.0]
    assert Scale.apply(k=3.0, x=x).grad_fn.k == 3.0


def test_any_attribute_may_be_kept_on_the_context(x):
    names = ["saved", "op", "edges", "hooks", "outputs", "inputs", "face", "seq", "infos", "owners", "name"]

    class Keeps(Function):
        @staticmethod
        def forward(ctx, x):
            for name in names:
                setattr(ctx, name, name)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            assert [getattr(ctx, name) for name in names] == names
            return g * 2

    (got,) = grad(Keeps.apply(x).sum(), x)

    assert got.tolist() == [2.0, 2.0]


def test_needs_input_grad_says_which_arguments_require_grad(x):
    class Needs(Function):
        @staticmethod
        def forward(ctx, x, y, k):
            return x * y * k

        @staticmethod
        def backward(ctx, g):
            assert ctx.needs_input_grad == (True, False, False)
            return g, None, None

    out = Needs.apply(x, tl.ones(2), 3.0)
    out.sum().backward()

    assert out.grad_fn.needs_input_grad == (True, False, False)
    assert len(out.grad_fn.next_functions) == 2
    assert out.grad_fn.next_functions[1] == (None, 0)


def test_vjp_is_another_name_of_backward(x):
    class Twice(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            return g * 2

    assert grad(Twice.apply(x).sum(), x)[0].tolist() == [2.0, 2.0]


# What backward may return ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "others", "expected"),
    [
        (lambda g: g, (), [1.0, 1.0]),
        (lambda g: None, (), None),
        (lambda g: (g, None, None), (1,), [1.0, 1.0]),
        (lambda g: tl.ones(3, 2), (), [3.0, 3.0]),
        (lambda g: g.double(), (), [1.0, 1.0]),
        (lambda g: g.long(), (), [1.0, 1.0]),
        (lambda g: (g, g), (tl.ones(2),), [1.0, 1.0]),
        (lambda g: (g, tl.ones(7)), (tl.ones(2),), [1.0, 1.0]),
    ],
)
def test_gradients_are_brought_to_the_inputs_shape_and_dtype(x, what, others, expected):
    returning(what).apply(x, *others).sum().backward()

    if expected is None:
        assert x.grad is None
    else:
        assert x.grad.tolist() == expected
        assert x.grad.dtype == x.dtype


@pytest.mark.parametrize(
    ("what", "others", "message"),
    [
        (
            lambda g: g,
            (1,),
            r"function ReturningBackward returned an incorrect number of gradients \(expected 2, got 1\)",
        ),
        (lambda g: (g, None, g), (1,), r"incorrect number of gradients \(expected 2, got 3\)"),
        (
            lambda g: (g, g),
            (1,),
            "function ReturningBackward returned a gradient different than None at position 2, but the "
            "corresponding forward input was not a Variable",
        ),
        (lambda g: 5, (), r"expected Variable or None \(got int\)"),
        (lambda g: [g], (), r"expected Variable or None \(got list\)"),
        (
            lambda g: tl.ones(5),
            (),
            r"Function ReturningBackward returned an invalid gradient at index 0 - got \[5\] but expected "
            r"shape compatible with \[2\]",
        ),
        (lambda g: tl.ones(1), (), r"got \[1\] but expected shape compatible with \[2\]"),
        (lambda g: tl.ones(()), (), r"got \[\] but expected shape compatible with \[2\]"),
    ],
)
def test_wrong_gradients_are_refused(x, what, others, message):
    out = returning(what).apply(x, *others).sum()

    with pytest.raises(RuntimeError, match=message):
        out.backward()
    assert x.grad is None


def test_missing_methods_are_named(x):
    class Nothing(Function):
        pass

    class OnlyForward(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

    class Both(OnlyForward):
        @staticmethod
        def backward(ctx, g):
            return g

        @staticmethod
        def vjp(ctx, g):
            return g

    with pytest.raises(
        NotImplementedError, match=r"must implement the forward function for custom autograd.Function"
    ):
        Nothing.apply(x)
    with pytest.raises(NotImplementedError, match="must implement either the backward or vjp method"):
        OnlyForward.apply(x).sum().backward()
    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp'"):
        Both.apply(x).sum().backward()


def test_functions_are_not_instantiated(x):
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        made = Cube()
    with pytest.raises(
        RuntimeError, match="Legacy autograd function with non-static forward method is deprecated"
    ):
        made(x)


# Saved tensors --------------------------------------------------------------------------------------------


def saving(*what):
    class Saving(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(*[one(x) for one in what])
            return x * 1

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.saved_tensors)
            return g

    seen = []
    Saving.seen = seen
    return Saving


def test_none_may_be_saved(x):
    function = saving(lambda x: x, lambda x: None)
    function.apply(x).sum().backward()

    assert function.seen == [(x, None)]


def test_only_tensors_may_be_saved(x):
    with pytest.raises(
        TypeError, match="save_for_backward can only save variables, but argument 0 is of type int"
    ):
        saving(lambda x: 5).apply(x)


def test_saved_tensors_are_freed_by_backward(x):
    y = saving(lambda x: x).apply(x)
    y.sum().backward()

    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.grad_fn.saved_tensors
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.sum().backward()


def test_what_saved_nothing_may_be_walked_again(x):
    y = returning(lambda g: g).apply(x)
    y.sum().backward()
    y.sum().backward()

    assert x.grad.tolist() == [2.0, 2.0]


def test_a_write_to_a_saved_input_is_noticed(x):
    a = x * 1
    y = saving(lambda x: x).apply(a)
    a.mul_(2)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_write_to_a_saved_output_is_noticed(x):
    y = Exp.apply(x)
    with tl.no_grad():
        y.mul_(2)

    with pytest.raises(RuntimeError, match="output 0 of Exp, is at version 1; expected version 0"):
        y.sum().backward()


def test_saved_tensors_go_through_hooks(x):
    with tl.autograd.graph.saved_tensors_hooks(lambda t: t * 10, lambda t: t):
        y = Cube.apply(x)
        z = Exp.apply(x)
    y.sum().backward()

    assert x.grad.tolist() == [300.0, 1200.0]
    assert z.grad_fn.saved_tensors[0].grad_fn is z.grad_fn


def test_raw_saved_tensors_take_hooks(x):
    y = Cube.apply(x)
    y.grad_fn._raw_saved_tensors[0].register_hooks(lambda t: t * 10, lambda t: t)
    y.sum().backward()

    assert x.grad.tolist() == [300.0, 1200.0]


# Outputs --------------------------------------------------------------------------------------------------


class Several(Function):
    @staticmethod
    def forward(ctx, x, materialize=True):
        ctx.set_materialize_grads(materialize)
        return x * 2, 5, "a", None, x * 3

    @staticmethod
    def backward(ctx, *gs):
        Several.seen = gs
        return gs[0] * 2, None


def test_what_is_no_tensor_passes_through(x):
    out = Several.apply(x)
    out[0].sum().backward()

    assert out[1:4] == (5, "a", None)
    assert x.grad.tolist() == [2.0, 2.0]
    assert [g if g is None else g.tolist() for g in Several.seen] == [
        [1.0, 1.0],
        None,
        None,
        None,
        [0.0, 0.0],
    ]
    assert out[4].output_nr == 4


def test_gradients_are_not_materialized_if_asked(x):
    Several.apply(x, False)[0].sum().backward()

    assert Several.seen[4] is None


def test_non_differentiable_outputs_do_not_require_grad(x):
    class Marks(Function):
        @staticmethod
        def forward(ctx, x):
            mask, other = x > 1, x * 2
            ctx.mark_non_differentiable(mask, other)
            return mask, other, x.long(), x * 3

        @staticmethod
        def backward(ctx, *gs):
            seen.extend(g.dtype for g in gs)
            return gs[3] * 3

    seen = []
    mask, other, integers, out = Marks.apply(x)
    out.sum().backward()

    assert not mask.requires_grad
    assert not other.requires_grad
    assert not integers.requires_grad
    assert out.requires_grad
    assert seen == [tl.bool, tl.float32, tl.int64, tl.float32]
    assert x.grad.tolist() == [3.0, 3.0]


class Identity(Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 3


def test_an_input_returned_as_it_was_comes_back_as_a_view(x):
    y = Identity.apply(x)
    y.sum().backward()

    assert y is not x
    assert y._base is x
    assert x.is_leaf
    assert x.grad.tolist() == [3.0, 3.0]
    assert Identity.apply(x.detach()).requires_grad is False
    with tl.no_grad():
        assert Identity.apply(x).requires_grad is False


def test_an_input_returned_as_non_differentiable_is_detached(x):
    class Stop(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_non_differentiable(x)
            return x

    a = x * 1
    out = Stop.apply(a)

    assert out is not a
    assert not out.requires_grad
    assert a.requires_grad


class Flat(Function):
    @staticmethod
    def forward(ctx, x):
        return x.view(-1)

    @staticmethod
    def backward(ctx, g):
        return g * 3


@pytest.mark.parametrize("function", [Identity, Flat])
def test_views_that_a_function_returns_must_not_be_written_to(x, function):
    a = x * 1
    y = function.apply(a)

    assert y._base is a
    message = (
        f"Output 0 of {function.__name__} is a view and is being modified inplace. This view was created"
    )
    with pytest.raises(RuntimeError, match=message):
        y.mul_(2)


def test_nor_may_what_they_are_views_of(x):
    a = x * 1
    y = Flat.apply(a)
    a.mul_(2)

    with pytest.raises(
        RuntimeError, match="Output 0 of Flat is a view and its base or another view of its base has"
    ):
        y.grad_fn


# Writing to inputs ----------------------------------------------------------------------------------------


class Double(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(2)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 20


def test_a_dirty_input_comes_back_with_the_functions_history(x):
    a = x * 1
    b = Double.apply(a)
    b.sum().backward()

    assert b is a
    assert a.grad_fn.name() == "DoubleBackward"
    assert a.tolist() == [2.0, 4.0]
    assert x.grad.tolist() == [20.0, 20.0]


def test_the_base_of_a_dirty_view_gets_the_history_too(x):
    a = x * 1
    w = a[:1]
    b = Double.apply(w)
    a.sum().backward()

    assert b is w
    assert a.grad_fn.name() == "CopySlices"
    assert a.tolist() == [2.0, 2.0]
    assert x.grad.tolist() == [20.0, 1.0]


def test_a_dirty_tensor_that_needs_no_grad_stays_itself():
    a = tl.ones(2)

    assert Double.apply(a) is a
    assert a.tolist() == [2.0, 2.0]


def test_marking_dirty_counts_as_a_write_even_if_nobody_else_saw_it(x):
    class Behind(Double):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            x.data.mul_(2)
            return x

    a = x * 1
    y = (a**2).sum()
    Behind.apply(a)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_dirty_view_without_gradient_passes_on_the_rest(x):
    class Stops(Double):
        @staticmethod
        def backward(ctx, g):
            return None

    for create_graph in (False, True):
        a = x * 1
        Stops.apply(a[:1])

        assert grad(a.sum(), x, create_graph=create_graph)[0].tolist() == [0.0, 1.0]


def test_a_leaf_must_not_be_dirty(x):
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad has been used in an in-place operation"
    ):
        Double.apply(x)


def test_dirty_inputs_must_be_returned(x):
    class Forgets(Double):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x * 1

    with pytest.raises(
        RuntimeError, match="Some elements marked as dirty during the forward method were not returned"
    ):
        Forgets.apply(x * 1)


def test_only_inputs_can_be_dirty(x):
    class Wrong(Double):
        @staticmethod
        def forward(ctx, x):
            y = x * 1
            ctx.mark_dirty(y)
            return y

    with pytest.warns(UserWarning, match=r"ctx.mark_dirty\(\) received a tensor that was not an input"):
        Wrong.apply(x * 1)


def test_a_dirty_output_may_be_saved(x):
    class ExpInPlace(Function):
        @staticmethod
        def forward(ctx, x):
            x.exp_()
            ctx.mark_dirty(x)
            ctx.save_for_backward(x)
            return x

        backward = Exp.backward

    y = ExpInPlace.apply(x * 1)
    (got,) = grad(y.sum(), x, create_graph=True)
    (again,) = grad(got.sum(), x)

    assert got.tolist() == pytest.approx(x.exp().tolist())
    assert again.tolist() == pytest.approx(x.exp().tolist())


# once_differentiable --------------------------------------------------------------------------------------


class Once(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        assert not tl.is_grad_enabled()
        return 3 * ctx.saved_tensors[0] ** 2 * g


def test_once_differentiable_gives_the_first_derivative(x):
    Once.apply(x).sum().backward()

    assert x.grad.tolist() == [3.0, 12.0]


def test_once_differentiable_refuses_the_second(x):
    (g,) = grad(Once.apply(x).sum(), x, create_graph=True)

    assert g.tolist() == [3.0, 12.0]
    for output in (g.sum(), (g * x).sum()):
        with pytest.raises(
            RuntimeError, match="trying to differentiate twice a function that was marked with @once"
        ):
            grad(output, x)


# Forward mode ---------------------------------------------------------------------------------------------


def pushed(function, *args):
    with tl.autograd.forward_ad.dual_level():
        dual = tl.autograd.forward_ad.make_dual(tl.tensor([1.0, 2.0]), tl.tensor([5.0, 6.0]))
        out = function.apply(dual, *args)
        return tl.autograd.forward_ad.unpack_dual(out).tangent


def with_jvp(how, run=lambda x: x * 2):
    class Pushed(Function):
        @staticmethod
        def forward(ctx, x, *rest):
            ctx.save_for_forward(x)
            return run(x)

        @staticmethod
        def jvp(ctx, *ts):
            return how(ctx, *ts)

    return Pushed


def test_jvp_gives_the_tangent():
    assert pushed(with_jvp(lambda ctx, t: t * 2)).tolist() == [10.0, 12.0]


def test_jvp_reads_what_was_saved_for_forward():
    assert pushed(with_jvp(lambda ctx, t: t * ctx.saved_tensors[0])).tolist() == [5.0, 12.0]


def test_jvp_gets_zeros_for_tensors_without_tangent_and_none_for_the_rest():
    seen = []
    pushed(with_jvp(lambda ctx, t, u, k: seen.append((u.tolist(), k)) or t), tl.ones(2), 3)

    assert seen == [([0.0, 0.0], None)]


def test_a_function_without_jvp_has_no_forward_mode():
    with pytest.raises(NotImplementedError, match="You must implement the jvp function"):
        pushed(Cube)


@pytest.mark.parametrize(
    ("how", "run", "message"),
    [
        (
            lambda ctx, t: (t, t),
            lambda x: x * 2,
            r"invalid number of forward gradients \(expected 1 but got 2\)",
        ),
        (lambda ctx, t: 5, lambda x: x * 2, r"expected Variable or None \(got int\) for grad output 0"),
        (
            lambda ctx, t: tl.ones(3),
            lambda x: x * 2,
            r"Tensor is of size \[2\] while the given forward gradient is of size \[3\]",
        ),
        (
            lambda ctx, t: t * 1,
            lambda x: x.view(-1),
            "is returning a view .* but the jvp is not returning a view",
        ),
        (lambda ctx, t: t, lambda x: x, "is returning a view .* but the jvp is not returning a view"),
    ],
)
def test_wrong_tangents_are_refused(how, run, message):
    with pytest.raises(RuntimeError, match=message):
        pushed(with_jvp(how, run))


def test_forward_over_reverse_goes_through_saved_results():
    class Both(Exp):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            ctx.save_for_forward(out)
            return out

        @staticmethod
        def jvp(ctx, t):
            return t * ctx.saved_tensors[0]

    x = tl.tensor([1.0, 2.0], requires_grad=True)
    with tl.autograd.forward_ad.dual_level():
        dual = tl.autograd.forward_ad.make_dual(x, tl.ones(2))
        (g,) = grad((Both.apply(dual) ** 2).sum(), dual)
        tangent = tl.autograd.forward_ad.unpack_dual(g).tangent

    assert tangent.tolist() == pytest.approx((4 * (2 * x).exp()).tolist())


def test_a_dirty_inputs_tangent_is_written_to_as_well():
    def write(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    class Right(Function):
        forward = staticmethod(write)
        jvp = staticmethod(lambda ctx, t: t.mul_(2))

    class Wrong(Function):
        forward = staticmethod(write)
        jvp = staticmethod(lambda ctx, t: t * 2)

    assert pushed(Right).tolist() == [10.0, 12.0]
    with pytest.raises(RuntimeError, match="not modifying the forward mode gradients inplace"):
        pushed(Wrong)


# The context ----------------------------------------------------------------------------------------------


def test_hooks_can_be_registered_on_the_node_from_the_context(x):
    seen = []

    class Hooked(Function):
        @staticmethod
        def forward(ctx, x):
            assert isinstance(ctx, FunctionCtx)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.name())
            return g * 2

    y = Hooked.apply(x)
    y.grad_fn.register_hook(lambda gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    y.sum().backward()

    assert seen == ["HookedBackward", ([2.0, 2.0], [1.0, 1.0])]


def test_an_unknown_attribute_is_an_attribute_error(x):
    with pytest.raises(AttributeError, match="nothing"):
        Cube.apply(x).grad_fn.nothing


def test_no_warning_comes_from_an_ordinary_call(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Cube.apply(x).sum().backward()
