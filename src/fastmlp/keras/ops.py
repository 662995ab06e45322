"""``keras.ops``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.ops import *

__getattr__ = rest(__name__)
