"""The schedules where Keras has them: ``from fastmlp.optimizers.schedules import ExponentialDecay``."""

from fastmlp.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    EpochDecay,
    ExponentialDecay,
    ExponentialEpochDecay,
    InverseEpochDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
    SqrtEpochDecay,
)

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "EpochDecay",
    "ExponentialDecay",
    "ExponentialEpochDecay",
    "InverseEpochDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "SqrtEpochDecay",
]
