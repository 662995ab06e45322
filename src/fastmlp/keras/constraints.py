"""``keras.constraints``."""

from __future__ import annotations

from fastmlp.constraints import Constraint as Constraint
from fastmlp.constraints import MaxNorm as MaxNorm
from fastmlp.constraints import MinMaxNorm as MinMaxNorm
from fastmlp.constraints import NonNeg as NonNeg
from fastmlp.constraints import UnitNorm as UnitNorm
from fastmlp.constraints import deserialize as deserialize
from fastmlp.constraints import get as get
from fastmlp.constraints import max_norm as max_norm
from fastmlp.constraints import min_max_norm as min_max_norm
from fastmlp.constraints import non_neg as non_neg
from fastmlp.constraints import serialize as serialize
from fastmlp.constraints import unit_norm as unit_norm
from fastmlp.keras._rest import rest

__getattr__ = rest(__name__)
