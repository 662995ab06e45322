"""tf.config: what there is to say of the machine, and switches that change nothing here."""

from types import SimpleNamespace as _Namespace
from typing import Any as _Any
from typing import NamedTuple as _NamedTuple

from fastmlp import runtime as _runtime
from fastmlp.tf._spelling import missing as _missing


class PhysicalDevice(_NamedTuple):
    """What computes: the processor."""

    name: str
    device_type: str


LogicalDevice = PhysicalDevice


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The processor; there are no others here.

    >>> list_physical_devices("GPU")
    []
    """
    return [PhysicalDevice("/physical_device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The processor; there are no others here."""
    return [PhysicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def _nothing(*_: _Any, **__: _Any) -> None:
    """Accepted, for it changes nothing here."""


def functions_run_eagerly() -> bool:
    """Yes: there are no graphs here."""
    return True


get_visible_devices = list_physical_devices
set_visible_devices = run_functions_eagerly = set_soft_device_placement = _nothing
set_logical_device_configuration = _nothing
optimizer = _Namespace(set_jit=_nothing, get_jit=lambda: "")
threading = _Namespace(
    set_intra_op_parallelism_threads=_runtime.set_num_threads,
    get_intra_op_parallelism_threads=_runtime.get_num_threads,
    set_inter_op_parallelism_threads=_nothing,
    get_inter_op_parallelism_threads=lambda: 1,
)
experimental = _Namespace(
    list_physical_devices=list_physical_devices,
    set_memory_growth=_nothing,
    set_visible_devices=_nothing,
    enable_op_determinism=_nothing,  # results are the same each time anyway
    enable_tensor_float_32_execution=_nothing,
)

__getattr__ = _missing("tf.config")
