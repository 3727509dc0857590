"""Schedules that change an optimiser's learning rates, one step an epoch or batch."""

from tapeless.optim.lr_scheduler.base import LRScheduler
from tapeless.optim.lr_scheduler.composed import ChainedScheduler, SequentialLR
from tapeless.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from tapeless.optim.lr_scheduler.cycles import CyclicLR, OneCycleLR
from tapeless.optim.lr_scheduler.factors import (
    ConstantLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from tapeless.optim.lr_scheduler.functions import LambdaLR, MultiplicativeLR
from tapeless.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
