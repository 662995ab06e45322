"""``keras.layers``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.layers import *

__getattr__ = rest(__name__)
