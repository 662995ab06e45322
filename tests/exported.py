"""Models as onnxruntime runs them, beside themselves."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import Model
from fastmlp.data import TensorSpec
from fastmlp.exporting.onnx import model_bytes

# of numbers of order 1, and relative to larger ones
TOLERANCE = {"float32": 1e-6, "float64": 1e-14}


class Computes(Model):
    """A model whose call is a function of its inputs."""

    def __init__(self, function, **settings):
        super().__init__(**settings)
        self.function, self.built = function, True

    def call(self, inputs):
        outputs = self.function(*(inputs if isinstance(inputs, list) else [inputs]))
        return list(outputs) if isinstance(outputs, (list, tuple)) else outputs


def session(content):
    """onnxruntime's, of the bytes of a file."""
    runtime = pytest.importorskip("onnxruntime", reason="what runs ONNX, pip install onnxruntime, is not there")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run(content, *arrays):
    """The outputs of a file for the inputs in their order."""
    found = session(content)
    return found.run(None, {one.name: array for one, array in zip(found.get_inputs(), arrays, strict=True)})


def computed(function, *arrays):
    """What a function of tensors gives by way of ONNX, for arrays of these shapes."""
    model = Computes(function, dtype=next((x.dtype.name for x in arrays if x.dtype.kind == "f"), "float32"))
    return run(model_bytes(model, [TensorSpec(x.shape, x.dtype) for x in arrays]), *arrays)


def assert_equal_outputs(found, wanted, tolerance):
    """All of them, infinities and NaN included."""
    assert len(found) == len(wanted)
    for one, want in zip(found, wanted, strict=True):
        want = np.asarray(want)
        assert one.dtype == want.dtype
        assert one.shape == want.shape
        np.testing.assert_allclose(one.astype(float), want.astype(float), rtol=tolerance, atol=tolerance)


def assert_predicts(model, *inputs, tolerance=None, sizes=(0, 1, 7)):
    """A file of the model gives what predict gives, for these numbers of the rows."""
    import onnx

    content = model_bytes(model)
    onnx.checker.check_model(content, full_check=True)
    assert content == model_bytes(model)
    found = session(content)
    names = [one.name for one in found.get_inputs()]
    for rows in sizes:
        given = [x[:rows] for x in inputs]
        wanted = model(given if len(given) > 1 else given[0], training=False)
        flat = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
        got = found.run(None, dict(zip(names, given, strict=True)))
        assert_equal_outputs(got, flat, tolerance or TOLERANCE[model.variable_dtype])
    return found
