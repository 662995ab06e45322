"""``keras.optimizers.schedules``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.schedules import CosineDecay as CosineDecay
from fastmlp.schedules import CosineDecayRestarts as CosineDecayRestarts
from fastmlp.schedules import ExponentialDecay as ExponentialDecay
from fastmlp.schedules import InverseTimeDecay as InverseTimeDecay
from fastmlp.schedules import LearningRateSchedule as LearningRateSchedule
from fastmlp.schedules import PiecewiseConstantDecay as PiecewiseConstantDecay
from fastmlp.schedules import PolynomialDecay as PolynomialDecay
from fastmlp.schedules import deserialize as deserialize
from fastmlp.schedules import serialize as serialize

__getattr__ = rest(__name__)
