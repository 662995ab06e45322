"""Every operation and every kernel there is, by way of ONNX in onnxruntime."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import op_cases
import pytest
import test_definitions
from exported import TOLERANCE, assert_equal_outputs, computed
from fastmlp import autodiff
from fastmlp.autodiff import Primitive, Tensor
from fastmlp.autodiff.primitive import as_tensor

pytest.importorskip("onnx", reason="what writes ONNX, pip install 'fastmlp[onnx]', is not there")
pytest.importorskip("onnxruntime", reason="what runs ONNX, pip install onnxruntime, is not there")

from fastmlp.exporting.onnx import WRITERS

# What ONNX or onnxruntime has no operators for; an export says so.
REFUSED = {
    "kernels.noise", "kernels.scatter", "linalg.inv", "linalg.solve", "logistic.erfinv", "normalising.dropout",
    "picking.add_along", "picking.add_entries", "reading.read", "reductions.cumprod", "shapes.put",
    "trigonometry.arctan2",
}  # fmt: skip
# cases of tests/op_cases.py that are made of these, or that look at their numbers in Python
WITHOUT = {"add_along", "add_entries", "allclose", "arctan2", "cumprod", "erfinv", "inv", "put", "solve"}


def primitives():
    for module in pkgutil.iter_modules(autodiff.__path__):
        home = importlib.import_module(f"fastmlp.autodiff.{module.name}")
        for one in vars(home).values():
            if isinstance(one, Primitive) and one.forward.__module__ == home.__name__:
                yield f"{module.name}.{one.name}", one


def test_every_primitive_can_be_exported_or_is_refused():
    known = dict(primitives())
    assert len(known) > 100
    for key, one in known.items():
        assert key in WRITERS or one.definition is not None or key in REFUSED, (
            f"the operation {key} has no export: add how ONNX says it to one of the WRITERS in "
            "src/fastmlp/exporting/onnx_*.py, or its name to REFUSED here"
        )
    gone = (REFUSED | {key for key in WRITERS if "/" not in key}) - set(known)
    assert not gone, f"exports of operations that do not exist: {gone}; remove them"


def of_type(x, dtype):
    x = np.asarray(x)
    return x.astype({"f": dtype, "i": "int32"}.get(x.dtype.kind, x.dtype))


def values(found):
    return [np.asarray(one) for one in (found if isinstance(found, (list, tuple)) else [found])]


def refusal(name, arrays):
    """What an export says of operations that it has in part alone."""
    if name == "det" and arrays[0].dtype == np.float64:
        return "det in the model, which onnxruntime has in float32 alone"
    return "put in the model, which cannot be" if name == "diag" and arrays[0].ndim == 1 else None


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", [name for name in op_cases.CASES if name not in WITHOUT])
def test_operations_equal_their_export(name, dtype):
    for case in op_cases.CASES[name]:
        arrays = [of_type(x, dtype) for x in case.inputs]
        refused = refusal(name, arrays)
        if refused is None:
            wanted = values(case.call(*map(as_tensor, arrays)))
            assert_equal_outputs(computed(case.call, *arrays), wanted, TOLERANCE[dtype])
        else:
            with pytest.raises(ValueError, match=refused):
                computed(case.call, *arrays)


@pytest.mark.parametrize("name", WITHOUT)
def test_what_onnx_has_not_is_refused_by_name(name):
    for case in op_cases.CASES[name]:
        refused = "looks at them in Python" if name == "allclose" else f"got {name} in the model, which cannot be"
        with pytest.raises(ValueError, match=refused):
            computed(case.call, *[of_type(x, "float32") for x in case.inputs])


# ---- kernels, at their bends, beyond what can be squared, at infinity and NaN

BEYOND = np.array([1e4, -1e4, 1e-4, -1e-4, 30, -30, 100, -100, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", test_definitions.CASES)
def test_kernels_equal_their_export(name, dtype):
    case = test_definitions.CASES[name]
    arrays, settings = [of_type(x, dtype) for x in case.inputs], dict(case.settings)
    if "moving" in settings:
        settings["moving"] = tuple(x.astype(dtype) for x in settings["moving"])
    if case.primitive.name == "activation":
        arrays = [np.concatenate([arrays[0], BEYOND.astype(dtype)])]
    call = lambda *tensors: case.primitive.on(tuple(map(as_tensor, tensors)), settings)
    if settings.get("training"):
        with pytest.raises(ValueError, match="batch_norm in the model, which normalises by the moments of the batch"):
            computed(call, *arrays)
        return
    wanted = call(*map(Tensor, arrays))
    assert_equal_outputs(computed(call, *arrays), [wanted], TOLERANCE[dtype])
