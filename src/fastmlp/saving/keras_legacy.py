"""Models and weights as older Keras keeps them in one HDF5 file, ``x.h5``: by the names of layers, in their order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastmlp import losses
from fastmlp._validate import brief
from fastmlp.neighbours.keras_weights import kerass_array, optimizer_variables
from fastmlp.saving import native
from fastmlp.saving.keras_hdf5 import Fitting, Stored, group_at, is_group
from fastmlp.saving.keras_layout import numbered
from fastmlp.saving.objects import get_registered_object
from fastmlp.variables import Variable

_MOST_IN_A_HEADER = 64512  # bytes of an attribute that HDF5 has room for
_OF_MODEL = "top_level_model_weights"


def older_order(layer: Any) -> list[Variable]:
    """A layer's variables as older Keras has them: all that are trained, then all others."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def named(layer: Any, name: str = "") -> list[tuple[str, Variable]]:
    """The same with a path of names for each, no two alike."""
    paths = {id(one): path for path, one in _paths(layer, name or layer.name)}
    taken: dict[str, int] = {}
    return [(numbered(paths[id(one)], taken), one) for one in older_order(layer)]


def _paths(layer: Any, path: str) -> list[tuple[str, Variable]]:
    own = [(f"{path}/{_plain(one.name)}", one) for one in layer.own_variables()]
    inner = [pair for one in layer.inner_layers() for pair in _paths(one, f"{path}/{_plain(one.name)}")]
    return [*inner, *own]


def _plain(name: str) -> str:
    return name.replace("/", "_")


# ---- writing

Named = list[tuple[str, np.ndarray]]


def contents(model: Any) -> tuple[dict[str, Named], Named]:
    """The arrays of each layer, and those of the model itself."""
    layers = {layer.name: _arrays(named(layer)) for layer in model.layers}
    own = [(f"{_plain(model.name)}/{_plain(one.name)}", one) for one in model.own_variables()]
    return layers, _arrays(own)


def of_optimizer(optimizer: Any) -> Named:
    """What it remembers, by its name and a number: those of variables need not differ."""
    kept = optimizer_variables(optimizer)
    return _arrays([(f"{optimizer.name}/{i}_{_plain(one.name)}", one) for i, one in enumerate(kept)])


def _arrays(pairs: Sequence[tuple[str, Variable]]) -> Named:
    return [(name, kerass_array(one)) for name, one in pairs]


def put_weights(group: Any, layers: dict[str, Named], own: Named, version: str) -> None:
    """Fill a group of h5py's."""
    put_names(group, "layer_names", list(layers))
    group.attrs["backend"], group.attrs["keras_version"] = "numpy", version
    for name in sorted(layers):
        put_arrays(group.create_group(name), layers[name])
    put_arrays(group.create_group(_OF_MODEL), own)


def put_arrays(group: Any, arrays: Named) -> None:
    """Put arrays into a group, and their names in order."""
    put_names(group, "weight_names", [name for name, _ in arrays])
    for name, array in arrays:
        group[name] = array


def put_names(group: Any, attribute: str, names: Sequence[str]) -> None:
    """Note names, in several attributes if they are too long for one."""
    texts = np.array([name.encode() for name in names], dtype=bytes)
    parts = -(-texts.nbytes // _MOST_IN_A_HEADER)
    if parts <= 1:
        group.attrs[attribute] = texts
        return
    each = max(1, _MOST_IN_A_HEADER // texts.itemsize)
    for i, start in enumerate(range(0, len(texts), each)):
        group.attrs[f"{attribute}{i}"] = texts[start : start + each]


def training_config(compile_config: Mapping[str, Any]) -> str:
    """How a model was compiled, as older Keras writes it: functions by name alone."""
    rest = {key: _by_name(value) for key, value in compile_config.items() if key != "optimizer"}
    loss = _in_full(rest.pop("loss", None))
    return json.dumps({"optimizer_config": compile_config["optimizer"], "loss": loss, **rest})


def _by_name(value: Any) -> Any:
    if isinstance(value, Mapping):
        is_function = value.get("class_name") == "function"
        return value["config"] if is_function else {key: _by_name(one) for key, one in value.items()}
    return [_by_name(one) for one in value] if isinstance(value, (list, tuple)) else value


def _in_full(loss: Any) -> Any:
    """Losses by their whole names: of those in short Keras 3 does not open files that it has written itself."""
    if isinstance(loss, str):
        return getattr(vars(losses).get(loss), "__name__", loss)
    if isinstance(loss, Mapping) and "class_name" not in loss:
        return {key: _in_full(one) for key, one in loss.items()}
    return [_in_full(one) for one in loss] if isinstance(loss, list) else loss


# ---- reading


def is_of_this_layout(root: Any) -> bool:
    """Whether a file of weights is one of these."""
    return "model_weights" in root or "layer_names" in root.attrs or "layer_names0" in root.attrs


def text(value: Any) -> str:
    """An attribute that is one text."""
    if isinstance(value, bytes):
        value = value.decode()
    if not isinstance(value, str):
        raise ValueError(f"an attribute: expected a text, got {brief(value)}; the file is damaged")
    return str(value)


def note(root: Any, attribute: str) -> dict[str, Any] | None:
    """An attribute that is JSON; None if there is none."""
    if attribute not in root.attrs:
        return None
    return native.as_dict(attribute, native.parse(text(root.attrs[attribute])))


def compiled(root: Any) -> dict[str, Any] | None:
    """How a model was compiled, None if it was not; optimizers of Keras 2.11 and later are registered as custom."""
    config = note(root, "training_config")
    optimizer = native.as_dict("optimizer_config", config["optimizer_config"]) if config else {}
    name = str(optimizer.get("class_name"))
    own = get_registered_object(name) is not None
    if name.startswith("Custom>") and not own:
        optimizer["class_name"] = name.removeprefix("Custom>")
    return config


def names_in(group: Any, attribute: str) -> list[str]:
    """The names that an attribute lists, or several in a row."""
    if attribute in group.attrs:
        parts = [group.attrs[attribute]]
    else:
        parts = []
        while f"{attribute}{len(parts)}" in group.attrs:
            parts.append(group.attrs[f"{attribute}{len(parts)}"])
    return [text(one) for part in parts for one in np.asarray(part).ravel().tolist()]


def listed(group: Any) -> list[tuple[str, Any]]:
    """The arrays of a group in their order, by name."""
    found = []
    for name in names_in(group, "weight_names"):
        one = group.get(name)
        if one is None or is_group(one):
            raise ValueError(f"weight_names: expected names of arrays, got {brief(name)}; the file is damaged")
        found.append((name, one))
    return found


def of_model(root: Any, model: Any, by_name: bool = False) -> Fitting:
    """What is a model's in a file of this layout: layer by layer in their order, or by their names."""
    group = group_at(root, "model_weights") or root
    there = {name: listed(group_at(group, name)) for name in names_in(group, "layer_names")}
    there = {name: arrays for name, arrays in there.items() if arrays}
    mine = [layer for layer in model.layers if layer.weights]
    if by_name:
        pairs = [(there[layer.name], layer) for layer in mine if layer.name in there]
    else:
        if len(there) != len(mine):
            here = brief([layer.name for layer in mine])
            raise ValueError(f"{len(there)} layers with weights, {brief(list(there))}, where the model has "
                             f"{len(mine)}, {here}: build it alike, or say by_name=True")  # fmt: skip
        pairs = list(zip(there.values(), mine, strict=True))
    found: dict[str, Any] = {}
    wanted: dict[str, Variable] = {}
    for arrays, layer in pairs:
        _pair(layer.name, arrays, named(layer), found, wanted)
    own = listed(group_at(group, _OF_MODEL)) if _OF_MODEL in group else []
    if own or (not by_name and _OF_MODEL in group):
        _pair(model.name, own, [(one.name, one) for one in model.own_variables()], found, wanted)
    return Stored(found), wanted


def _pair(
    title: str,
    arrays: Sequence[tuple[str, Any]],
    variables: Sequence[tuple[str, Variable]],
    found: dict[str, Any],
    wanted: dict[str, Variable],
) -> None:
    """Note arrays and the variables that they are for, by the same paths."""
    for i, (name, one) in enumerate(arrays):
        label = variables[i][0] if i < len(variables) else name
        found[f"{title}/{i} {label.rpartition('/')[2]}"] = one
    for i, (name, variable) in enumerate(variables):
        wanted[f"{title}/{i} {name.rpartition('/')[2]}"] = variable


def kept(root: Any) -> list[tuple[str, Any]]:
    """What a file holds for an optimizer, in its order."""
    return listed(group_at(root, "optimizer_weights")) if "optimizer_weights" in root else []
