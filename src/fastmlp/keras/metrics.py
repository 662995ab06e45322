"""``keras.metrics``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.metrics import *

__getattr__ = rest(__name__)
