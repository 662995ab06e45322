"""``keras.datasets``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.keras.datasets import mnist as mnist

__getattr__ = rest(__name__)
