"""The names of `tapeless.autograd`."""

from __future__ import annotations

import pytest

import tapeless as tl


@pytest.mark.parametrize(
    "name",
    [
        "backward",
        "grad",
        "Function",
        "Variable",
        "no_grad",
        "enable_grad",
        "set_grad_enabled",
        "inference_mode",
        "detect_anomaly",
        "set_detect_anomaly",
        "gradcheck",
        "gradgradcheck",
        "GradcheckError",
        "SavedTensor",
        "functional.jacobian",
        "functional.hessian",
        "functional.vjp",
        "functional.jvp",
        "functional.vhp",
        "functional.hvp",
        "graph.Node",
        "graph.GradientEdge",
        "graph.get_gradient_edge",
        "graph.saved_tensors_hooks",
        "graph.save_on_cpu",
        "graph.disable_saved_tensors_hooks",
        "graph.register_multi_grad_hook",
        "graph.increment_version",
        "graph.allow_mutation_on_saved_tensors",
        "forward_ad.dual_level",
        "forward_ad.enter_dual_level",
        "forward_ad.exit_dual_level",
        "forward_ad.make_dual",
        "forward_ad.unpack_dual",
        "function.Function",
        "function.FunctionCtx",
        "function.BackwardCFunction",
        "function.once_differentiable",
        "grad_mode.no_grad",
        "checkpoint.checkpoint",
    ],
)
def test_a_public_name_is_there(name):
    value = tl.autograd
    for part in name.split("."):
        value = getattr(value, part)

    assert value is not None


def test_all_names_what_there_is():
    for module in (
        tl.autograd,
        tl.autograd.graph,
        tl.autograd.functional,
        tl.autograd.forward_ad,
        tl.autograd.function,
    ):
        assert all(hasattr(module, name) for name in module.__all__)


def test_variable_is_another_name_of_tensor():
    x = tl.ones(2)
    v = tl.autograd.Variable(x, requires_grad=True)

    assert type(v) is tl.Tensor
    assert v.requires_grad
    assert v is not x
    assert isinstance(v, tl.autograd.Variable)
    assert not isinstance(5, tl.autograd.Variable)
    assert not tl.autograd.Variable(v).requires_grad
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got int"):
        tl.autograd.Variable(5)
