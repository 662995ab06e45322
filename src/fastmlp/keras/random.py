"""``keras.random``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.random import SeedGenerator as SeedGenerator
from fastmlp.random import dropout as dropout
from fastmlp.random import normal as normal
from fastmlp.random import randint as randint
from fastmlp.random import shuffle as shuffle
from fastmlp.random import truncated_normal as truncated_normal
from fastmlp.random import uniform as uniform

__getattr__ = rest(__name__)
