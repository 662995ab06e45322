"""Under which names Keras and fastmlp know the same things, and which only one of them has."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from fastmlp._objects import custom_object, find_registered, registered_name
from fastmlp._validate import brief

ROOMS = ("layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers", "schedules")

ONLY_OURS = {
    "APL", "ActivationWith", "PELU", "Maxout", "SReLU", "SwishBeta",
    "BiasScaling", "ScaledNormal", "Values",
    "FunctionLoss", "Momentum",
    "ExponentialEpochDecay", "InverseEpochDecay", "SqrtEpochDecay",
    "arctan", "binary_step",
}  # fmt: skip

# What settings were called before, by class; a class's own counts before those of all.
OLDER = {
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "": {"lr": "learning_rate"},
}

# Settings of Keras that change nothing here: at these values, or whatever they are. None and False ask for nothing.
HARMLESS = {"autocast": True, "fused": True}
OF_NO_ACCOUNT = {"batch_input_shape", "input_length", "is_legacy_optimizer", "jit_compile"}

# Settings of fastmlp's that Keras has not, at the values at which they change nothing.
UNKNOWN_THERE: Mapping[str, Mapping[str, Any]] = {
    "RandomFlip": {"fill_mode": "reflect", "interpolation": "bilinear", "fill_value": 0.0},
}

# Layers of Keras's that cannot be told whether they learn, and have nothing that could.
LEARN_NOTHING = ("Discretization",)


def room_of_key(key: str, otherwise: str) -> str:
    """Of which kind the object is that a setting of this name holds."""
    for ending in ("initializer", "regularizer", "constraint"):
        if key.endswith(ending):
            return f"{ending}s"
    return {"learning_rate": "schedules", "activation": "layers"}.get(key, otherwise)


def _package(module: Any) -> str:
    return str(module or "keras").partition(".")[0]


def is_kerass(description: Mapping[str, Any]) -> bool:
    """Whether an object is one of Keras's own, and not of a class of a user's."""
    registered = str(description.get("registered_name") or "")
    return _package(description.get("module")) in ("keras", "tf_keras", "tensorflow") and ">" not in registered


def class_named(where: str, description: Mapping[str, Any], room: str) -> Any:
    """The class here of what Keras has written; of a user's, one that is registered here under the same name."""
    name, module = description["class_name"], str(description.get("module") or "")
    if not isinstance(name, str):
        raise ValueError(f"{where}: expected the name of a class, got {brief(name)}; the description is damaged")
    if not module and custom_object(name) is not None:  # of older Keras, whose own classes say no more
        return custom_object(name)
    known = vars(importlib.import_module(f"fastmlp.{room}"))
    if room == "optimizers" and name.removeprefix("Custom>") in known:
        name = name.removeprefix("Custom>")  # so Keras 2.11 calls its own
    if not is_kerass(description) or ">" in name:
        return find_registered(str(description.get("registered_name") or name) if ">" not in name else name)
    if ".ops." in f"{module}.":
        raise ValueError(f"{where}: expected layers alone in the graph, got the operation {name}; put it into a layer")
    found = known.get(name)
    if not (isinstance(found, type) and hasattr(found, "get_config")) or name in ONLY_OURS:
        raise ValueError(f"{where}: expected one of the {room} that fastmlp has, got {brief(name)}; it is not in "
                         "fastmlp: use Keras for this")  # fmt: skip
    return found


def kerass_name(where: str, cls: Any) -> dict[str, Any]:
    """Module, class and registered name of one of our classes, as Keras writes them."""
    name = registered_name(cls)
    home = cls.__module__.split(".")
    if home[0] != "fastmlp":
        return {"module": cls.__module__, "class_name": cls.__name__, "registered_name": name}
    plain = name.rpartition(">")[2]
    if plain in ONLY_OURS or home[1] not in ROOMS:
        raise ValueError(f"{where}: expected what Keras has as well, got {plain}; it is fastmlp's alone: take another, "
                         "or save as .safetensors")  # fmt: skip
    room = {"schedules": "optimizers.schedules"}.get(home[1], home[1])
    return {"module": f"keras.{room}", "class_name": plain, "registered_name": None}
