"""Optimisers, for Tensors that require grad; `lr_scheduler` changes their learning rates."""

from tapeless.optim.adadelta import Adadelta
from tapeless.optim.adagrad import Adagrad
from tapeless.optim.adam import Adam, AdamW
from tapeless.optim.optimizer import Optimizer
from tapeless.optim.rmsprop import RMSprop
from tapeless.optim.sgd import SGD

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]
