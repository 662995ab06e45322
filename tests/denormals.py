"""Numbers below the smallest normal one: whether this thread computes with them."""

from __future__ import annotations

import numpy as np


def denormals_live():
    """Whether they are numbers like all others, as the host has it, in either type."""
    return bool((np.full(5, 1e-39, np.float32) * np.float32(1) != 0).all()) and np.full(1, 1e-310)[0] * 1.0 != 0
