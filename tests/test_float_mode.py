"""Our floating-point mode holds in all of a call."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from network_cases import BINARY, CROSS, SGD

@pytest.mark.parametrize("ending", ["softmax", "sigmoid", "exponential"])
def test_forward_in_training_flushes_what_predict_flushes(ending, dtype):
    """An output, or the last activation where the loss takes what comes before it, gives the tiniest of numbers."""
    far = -np.log(np.finfo(dtype).tiny) + 8
    output = (ending, ()) if ending == "softmax" else None
    last = "linear" if output else ending
    loss = CROSS if output else BINARY
    layers = [{"units": 2, "activation": (last, ()), "use_bias": False}]
    net = _core.Network(dtype, 1, 4, layers, loss, SGD, output, True)
    net.set(0, 0, [[0, -far]])
    x = np.ones((3, 1))
    np.testing.assert_array_equal(net.predict(x)[:, 1], 0)
    assert net.forward(x).tobytes() == net.predict(x).tobytes()
