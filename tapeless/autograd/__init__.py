"""Gradients on demand, and what is behind them: PyTorch's `torch.autograd`."""

from tapeless.autograd import checkpoint, forward_ad, function, functional, grad_mode, graph
from tapeless.autograd.function import Function
from tapeless.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from tapeless.autograd.variable import Variable
from tapeless.graph.anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from tapeless.graph.backward import backward, grad
from tapeless.graph.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from tapeless.graph.node import RawSaved as SavedTensor

__all__ = [
    "Function",
    "GradcheckError",
    "SavedTensor",
    "Variable",
    "backward",
    "checkpoint",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
