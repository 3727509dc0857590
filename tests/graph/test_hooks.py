"""Hooks of tensors, of nodes, and of several tensors at once."""

from __future__ import annotations

import pytest

import tapeless as tl
from tapeless.autograd import backward, grad
from tapeless.autograd.graph import GradientEdge, Node, get_gradient_edge, register_multi_grad_hook


@pytest.fixture
def x():
    return tl.ones(2, requires_grad=True)


# Tensors --------------------------------------------------------------------------------------------------


def test_hooks_run_in_the_order_of_registration_and_may_replace(x):
    log = []
    y = x * 2
    y.register_hook(lambda g: log.append(g.tolist()))
    y.register_hook(lambda g: g * 3)
    y.register_hook(lambda g: log.append(g.tolist()))
    y.sum().backward()

    assert log == [[1.0, 1.0], [3.0, 3.0]]
    assert x.grad.tolist() == [6.0, 6.0]


def test_hooks_on_leaves_persist_across_iterations(x):
    log = []
    handle = x.register_hook(lambda g: log.append(g.tolist()))
    for _ in range(2):
        (x * 2).sum().backward()
    handle.remove()
    (x * 2).sum().backward()

    assert log == [[2.0, 2.0], [2.0, 2.0]]


def test_a_hook_removed_by_another_still_runs_in_that_pass(x):
    log = []
    x.register_hook(lambda g: log.append("a") or second.remove())
    second = x.register_hook(lambda g: log.append("b"))
    (x * 2).sum().backward()
    (x * 2).sum().backward()

    assert log == ["a", "b", "a"]


def test_a_hook_may_remove_itself(x):
    log = []
    handle = x.register_hook(lambda g: log.append(1) or handle.remove())
    (x * 2).sum().backward()
    (x * 2).sum().backward()

    assert log == [1]


def test_a_handle_is_a_context(x):
    log = []
    with x.register_hook(lambda g: log.append(1)):
        (x * 2).sum().backward()
    (x * 2).sum().backward()

    assert log == [1]


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_in_hooks_are_differentiable_only_under_create_graph(x, create_graph):
    seen = []
    y = x * x
    y.register_hook(lambda g: seen.append((g.requires_grad, tl.is_grad_enabled())))
    w = tl.ones(2, requires_grad=True)
    grad((y * w).sum(), x, create_graph=create_graph)

    assert seen == [(create_graph, create_graph)]


def test_what_a_hook_returns_is_differentiated(x):
    y = x * 1
    y.register_hook(lambda g: g * x)
    (g,) = grad((y * x).sum(), x, create_graph=True)
    (again,) = grad(g.sum(), x)

    # through y: g = x * x, its gradient 2 x; directly: y, whose own gradient is 1 * x by the hook
    assert g.tolist() == [2.0, 2.0]
    assert again.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda g: 5, TypeError, "expected Variable, but hook returned 'int'"),
        (lambda g: tl.ones(3), RuntimeError, "hook '<lambda>' has changed the size of value"),
        (
            lambda g: g.double(),
            RuntimeError,
            r"hook '<lambda>' has changed the type of value \(was torch.FloatTensor got torch.DoubleTensor\)",
        ),
    ],
)
def test_wrong_replacements_are_refused(x, returned, error, message):
    x.register_hook(returned)

    with pytest.raises(error, match=message):
        (x * 2).sum().backward()


def test_only_tensors_that_require_grad_have_hooks(x):
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        tl.ones(2).register_hook(lambda g: None)
    with pytest.raises(
        RuntimeError, match="post accumulate grad hooks cannot be registered on non-leaf tensors"
    ):
        (x * 1).register_post_accumulate_grad_hook(lambda p: None)
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        tl.ones(2).retain_grad()


# retain_grad ----------------------------------------------------------------------------------------------


def test_the_retained_gradient_is_what_all_hooks_left_of_it(x):
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    y.register_hook(lambda g: g * 5)
    y.grad_fn.register_prehook(lambda gs: (gs[0] * 7,))
    y.sum().backward()

    assert y.retains_grad
    assert y.grad.tolist() == [10.0, 10.0]
    assert x.grad.tolist() == [140.0, 140.0]


def test_the_retained_gradient_adds_up_and_a_leafs_is_no_other(x):
    y = x * 2
    y.retain_grad()
    z = y.sum()
    z.backward(retain_graph=True)
    first = y.grad
    z.backward(retain_graph=True)
    x.retain_grad()

    assert first.tolist() == [1.0, 1.0]
    assert y.grad.tolist() == [2.0, 2.0]
    assert not x.retains_grad


def test_retain_grad_follows_a_write_in_place_and_hooks_do_not(x):
    log = []
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: log.append(("before", g.tolist())))
    y.mul_(3)
    y.register_hook(lambda g: log.append(("after", g.tolist())))
    y.sum().backward()

    assert y.grad.tolist() == [1.0, 1.0]
    assert log == [("after", [1.0, 1.0]), ("before", [3.0, 3.0])]
    assert x.grad.tolist() == [6.0, 6.0]


def test_retain_grad_follows_a_write_through_a_view(x):
    y = x * 2
    y.retain_grad()
    y[0].mul_(3)
    y.sum().backward()

    assert y.grad.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [6.0, 2.0]


# Leaves ---------------------------------------------------------------------------------------------------


def test_the_hooks_of_a_leaf_have_one_order(x):
    log = []
    x.register_hook(lambda g: log.append("tensor"))
    x.register_post_accumulate_grad_hook(lambda p: log.append(("accumulated", p.grad.tolist())))
    x.register_hook(lambda g: g * 2)
    node = get_gradient_edge(x).node
    node.register_prehook(lambda gs: log.append("pre") or (gs[0] * 10,))
    node.register_hook(lambda gi, go: log.append(("post", gi, go[0].tolist())))
    (x * 2).sum().backward()

    assert log == ["tensor", "pre", ("accumulated", [40.0, 40.0]), ("post", (), [40.0, 40.0])]
    assert x.grad.tolist() == [40.0, 40.0]


def test_grad_runs_the_tensors_hooks_and_none_of_its_nodes(x):
    log = []
    x.register_hook(lambda g: g * 2)
    x.register_post_accumulate_grad_hook(lambda p: log.append("accumulated"))
    node = get_gradient_edge(x).node
    node.register_prehook(lambda gs: log.append("pre"))
    node.register_hook(lambda gi, go: log.append("post"))

    assert grad((x * 2).sum(), x)[0].tolist() == [4.0, 4.0]
    assert log == []
    assert x.grad is None


def test_grad_of_a_non_leaf_comes_before_its_nodes_prehooks(x):
    y = x * 2
    y.register_hook(lambda g: g * 2)
    y.grad_fn.register_prehook(lambda gs: (gs[0] * 7,))

    assert grad(y.sum(), y, retain_graph=True)[0].tolist() == [2.0, 2.0]
    assert grad(y.sum(), x)[0].tolist() == [28.0, 28.0]


def test_a_post_accumulate_hook_may_clear_the_gradient(x):
    log = []

    def step(p):
        log.append(p.grad.tolist())
        p.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    (x * 2).sum().backward()
    handle.remove()

    assert x.grad is None
    assert log == [[2.0, 2.0]]


def test_hooks_on_the_leafs_node_live_as_long_as_it(x):
    log = []
    y = x * 2
    node = y.grad_fn.next_functions[0][0]
    node.register_hook(lambda gi, go: log.append(1))
    y.sum().backward()
    (x * 2).sum().backward()
    del node, y
    (x * 2).sum().backward()

    assert log == [1, 1]


# Nodes ----------------------------------------------------------------------------------------------------


def test_tensor_hooks_come_before_prehooks_before_hooks(x):
    log = []
    y = x * 2
    y.grad_fn.register_hook(lambda gi, go: log.append(("node", gi[0].tolist(), gi[1], go[0].tolist())))
    y.grad_fn.register_prehook(lambda go: log.append(("pre", go[0].tolist())))
    y.register_hook(lambda g: log.append("tensor"))
    (y * 3).sum().backward()

    assert log == ["tensor", ("pre", [3.0, 3.0]), ("node", [6.0, 6.0], None, [3.0, 3.0])]


def test_a_node_hook_may_replace_what_is_sent_on(x):
    y = x * x
    y.grad_fn.register_hook(lambda gi, go: (None, gi[1] * 2))
    y.sum().backward()

    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("kind", "returned", "error", "message"),
    [
        (
            "hook",
            lambda gi, go: (gi[0], gi[0]),
            RuntimeError,
            "can't replace a None gradient with a non-None value",
        ),
        (
            "hook",
            lambda gi, go: (gi[0],),
            RuntimeError,
            r"returned an incorrect number of values \(got 1, but expected 2",
        ),
        ("hook", lambda gi, go: 5, TypeError, "expected tuple, but hook returned 'int'"),
        ("prehook", lambda go: 5, TypeError, "expected tuple, but hook returned 'int'"),
    ],
)
def test_wrong_replacements_at_a_node_are_refused(x, kind, returned, error, message):
    y = x * 2
    getattr(y.grad_fn, f"register_{kind}")(returned)

    with pytest.raises(error, match=message):
        y.sum().backward()


def test_a_node_keeps_metadata(x):
    y = x * 2
    y.grad_fn.metadata["name"] = "twice"

    assert y.grad_fn.metadata == {"name": "twice"}
    assert isinstance(y.grad_fn, Node)


# Edges ----------------------------------------------------------------------------------------------------


def test_an_edge_takes_a_tensors_place(x):
    y = x * 2
    z = (y * 3).sum()
    edge = get_gradient_edge(y)

    assert isinstance(edge, GradientEdge)
    assert (edge.node, edge.output_nr) == (y.grad_fn, 0)
    assert grad(z, edge, retain_graph=True)[0].tolist() == [3.0, 3.0]
    assert grad(edge, x, tl.ones(2))[0].tolist() == [2.0, 2.0]
    assert grad(z, get_gradient_edge(x))[0].tolist() == [6.0, 6.0]
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        backward(edge)


def test_a_tensor_that_needs_no_grad_has_no_edge():
    with pytest.raises(
        RuntimeError, match="not possible to get the gradient edge for a Tensor that does not require"
    ):
        get_gradient_edge(tl.ones(2))


# Several tensors ------------------------------------------------------------------------------------------


def test_a_multi_grad_hook_runs_once_with_none_for_what_takes_no_part(x):
    log = []
    a, b, c = x * 1, x * 2, x * 3
    register_multi_grad_hook((a, b, c), lambda gs: log.append([g if g is None else g.tolist() for g in gs]))
    (a + b).sum().backward()

    assert log == [[[1.0, 1.0], [1.0, 1.0], None]]


def test_a_multi_grad_hook_on_leaves_runs_in_every_pass(x):
    log = []
    y = tl.ones(2, requires_grad=True)
    handle = register_multi_grad_hook(
        (x, y), lambda gs: log.append([g if g is None else g.tolist() for g in gs])
    )
    (x * y).sum().backward()
    grad((x * y).sum(), [x, y])
    (x * 2).sum().backward()
    handle.remove()
    (x * y).sum().backward()

    assert log == [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], [[2.0, 2.0], None]]


def test_mode_any_runs_at_the_first_gradient_of_each_pass(x):
    log = []
    a, b = x * 1, x * 2
    z = (a + b * 5).sum()
    handle = register_multi_grad_hook((a, b), lambda g: log.append(g.tolist()), mode="any")
    z.backward(retain_graph=True)
    z.backward(retain_graph=True)
    handle.remove()
    z.backward()

    assert len(log) == 2


def test_there_are_two_modes(x):
    with pytest.raises(ValueError, match=r"Expects mode to be one of \('all', 'any'\) but got foo"):
        register_multi_grad_hook((x,), lambda g: None, mode="foo")
