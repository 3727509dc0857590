"""Optimisers: of Tensors that require grad; in `pure`, of arrays."""

from tapeless.optim import lr_scheduler, pure
from tapeless.optim.adadelta import Adadelta
from tapeless.optim.adagrad import Adagrad
from tapeless.optim.adam import Adam, AdamW
from tapeless.optim.lbfgs import LBFGS
from tapeless.optim.optimizer import Optimizer
from tapeless.optim.rmsprop import RMSprop
from tapeless.optim.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "lr_scheduler",
    "pure",
]
