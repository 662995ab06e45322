"""fastmlp: trains multi-layer perceptrons on a CPU, whole epochs in C.

Everything here is imported when it is first asked for, so that ``import fastmlp`` itself takes no time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fastmlp import _interpreter  # noqa: F401 - first: it refuses subinterpreters
from fastmlp.runtime import get_num_threads, set_num_threads, threads

if TYPE_CHECKING:
    from fastmlp import (
        activations,
        callbacks,
        compat,
        config,
        constraints,
        data,
        initializers,
        keras,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        ops,
        optimizers,
        random,
        regularizers,
        saving,
        schedules,
        tf,
        utils,
        visual,
    )
    from fastmlp._objects import register_serializable
    from fastmlp.acceleration import accelerate
    from fastmlp.autodiff import GradientTape, Tensor, constant
    from fastmlp.layers import Input
    from fastmlp.models import Model, Sequential, load_model
    from fastmlp.models.gradcheck import gradcheck
    from fastmlp.neighbours.keras import from_keras, to_keras
    from fastmlp.neighbours.sklearn import from_sklearn
    from fastmlp.neighbours.torch import from_torch
    from fastmlp.random import set_random_seed
    from fastmlp.variables import Variable

__version__ = "0.1.0"

__all__ = [
    "GradientTape",
    "Input",
    "Model",
    "Sequential",
    "Tensor",
    "Variable",
    "__version__",
    "accelerate",
    "activations",
    "callbacks",
    "compat",
    "config",
    "constant",
    "constraints",
    "data",
    "from_keras",
    "from_sklearn",
    "from_torch",
    "get_num_threads",
    "gradcheck",
    "initializers",
    "keras",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "random",
    "register_serializable",
    "regularizers",
    "saving",
    "schedules",
    "set_num_threads",
    "set_random_seed",
    "tf",
    "threads",
    "to_keras",
    "utils",
    "visual",
]

_HOMES = {
    "GradientTape": "autodiff",
    "Input": "layers",
    "Model": "models",
    "Sequential": "models",
    "Tensor": "autodiff",
    "Variable": "variables",
    "accelerate": "acceleration",
    "constant": "autodiff",
    "from_keras": "neighbours.keras",
    "from_sklearn": "neighbours.sklearn",
    "from_torch": "neighbours.torch",
    "gradcheck": "models.gradcheck",
    "load_model": "models",
    "register_serializable": "_objects",
    "set_random_seed": "random",
    "to_keras": "neighbours.keras",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'fastmlp' has no attribute '{name}'")
    module = importlib.import_module(f"fastmlp.{_HOMES.get(name, name)}")
    found = getattr(module, name) if name in _HOMES else module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
