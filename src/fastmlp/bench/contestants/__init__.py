"""Who trains the workloads: each in the idiom its experts use, a module each, imported when it is its turn."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from fastmlp.bench.processes import threads_of_all

# name: the module here, its class, the packages it needs, what its environment says
_ENTRIES: dict[str, tuple[str, str, tuple[str, ...], dict[str, str]]] = {
    "fastmlp": ("fit", "Fastmlp", ("fastmlp",), {}),
    "numpy": ("numpy_loop", "NumPy", ("numpy",), {}),
    "sklearn": ("sklearn_partial_fit", "ScikitLearn", ("sklearn",), {}),
    "torch": ("torch_loop", "Eager", ("torch",), {}),
    "torch-compile": ("torch_loop", "Compiled", ("torch",), {}),
    "jax": ("jax_scan", "Jax", ("jax",), {}),
    "keras-jax": ("fit", "Keras", ("keras", "jax"), {"KERAS_BACKEND": "jax"}),
    "keras-torch": ("fit", "Keras", ("keras", "torch"), {"KERAS_BACKEND": "torch"}),
    "keras-tensorflow": ("fit", "Keras", ("keras", "tensorflow"), {"KERAS_BACKEND": "tensorflow"}),
}
OURS, REFERENCE = "fastmlp", "numpy"
CONTESTANTS = list(_ENTRIES)
QUICK = ["fastmlp", "numpy", "sklearn", "torch", "jax"]  # to start


def packages(name: str) -> tuple[str, ...]:
    """What a contestant needs."""
    return _ENTRIES[name][2]


def missing(name: str) -> list[str]:
    """The packages that a contestant needs and that are not installed."""
    return [package for package in packages(name) if importlib.util.find_spec(package) is None]


def environment(name: str, threads: int, dtype: str) -> dict[str, str]:
    """What a contestant's process finds in its environment: so many threads for every library that asks."""
    count, several = str(threads), str(threads > 1).lower()
    return {
        **threads_of_all(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={several} intra_op_parallelism_threads={count}",
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": str(int(dtype == "float64")),
        **_ENTRIES[name][3],
    }


def load(name: str) -> Any:
    """A contestant's class."""
    module, cls, _, _ = _ENTRIES[name]
    return getattr(importlib.import_module(f"{__name__}.{module}"), cls)
