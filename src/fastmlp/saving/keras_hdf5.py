"""Weights in Keras's layout, ``x.weights.h5`` and the same within ``x.keras``; what is common to all its HDF5 files.

They are written by h5py. They are read without it (`fastmlp.saving.hdf5`): whatever a file says, reading it can raise,
and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from fastmlp import optimizers
from fastmlp._objects import snake_case
from fastmlp._validate import need_package
from fastmlp.neighbours.keras_weights import kerass_array, optimizer_variables
from fastmlp.saving import native
from fastmlp.saving.keras_layout import joined, places, variables_at
from fastmlp.variables import Variable

_OLDER = "_layer_checkpoint_dependencies"  # what "layers" was called by Keras 2.13
_OF_OPTIMIZER = "optimizer/vars"

# ---- writing


def image(where: str, fill: Callable[[Any], None]) -> bytes:
    """The bytes of an HDF5 file that `fill` fills; equal contents are equal bytes."""
    h5py = need_package(where, "h5py", "h5py", "pip install 'fastmlp[keras]', or save as .safetensors")
    with h5py.File("image", "w", driver="core", backing_store=False) as file:
        fill(file)
        file.flush()
        return bytes(file.id.get_file_image())


Contents = tuple[dict[str, str], dict[str, np.ndarray]]  # names by group, arrays by path


def contents(model: Any, optimizer: Any) -> Contents:
    """What a file of the model's weights holds; what the optimizer remembers, too, unless it is None."""
    names: dict[str, str] = {}
    arrays: dict[str, np.ndarray] = {}
    for path, layer in places(model).items():
        names[joined(path, "vars")] = layer.name
        arrays |= {at: kerass_array(variable) for at, variable in variables_at(path, layer).items()}
    if optimizer is not None:
        names[_OF_OPTIMIZER] = optimizer.name
        kept = optimizer_variables(optimizer)
        arrays |= {f"{_OF_OPTIMIZER}/{i}": kerass_array(variable) for i, variable in enumerate(kept)}
    return names, arrays


def put(file: Any, held: Contents) -> None:
    """Put these into a file of h5py's."""
    names, arrays = held
    for path, name in names.items():
        file.create_group(path).attrs["name"] = name
    for path, array in arrays.items():
        file[path] = array


# ---- reading


class Stored:
    """Arrays of a file by path, each looked at before it is read."""

    def __init__(self, datasets: Mapping[str, Any]) -> None:
        self._datasets = dict(datasets)
        self.shapes = {path: tuple(one.shape) for path, one in self._datasets.items()}
        self.codes = {path: native.code(one.dtype) for path, one in self._datasets.items()}

    def under(self, folder: str) -> list[str]:
        """The paths that begin so."""
        return sorted(path for path in self.shapes if path.startswith(folder))

    def read(self, name: str) -> np.ndarray:
        """A copy of an array."""
        return np.array(self._datasets[name].read())


Fitting = tuple[Stored, dict[str, Variable]]  # what a file holds for a model, and the model's variables, by path


def is_group(thing: Any) -> bool:
    """Whether it holds others by name."""
    return isinstance(thing, Mapping)


def group_at(root: Any, path: str) -> Any:
    """The group at a path, {} if there is none."""
    found = root.get(path)
    return found if is_group(found) else {}


def arrays_in(group: Any) -> dict[str, Any]:
    """What is no group in it."""
    return {name: one for name, one in group.items() if not is_group(one)}


def count(group: Any) -> int:
    """How many numbers it holds, those in groups within it included."""
    held = group.values()
    return sum(count(one) if is_group(one) else int(np.prod(one.shape, dtype=object)) for one in held)


def of_model(root: Any, model: Any) -> Fitting:
    """What is a model's in a file of this layout, and what is another's where the model has layers."""
    wanted: dict[str, Variable] = {}
    found: dict[str, Any] = {}
    layers = _OLDER if _OLDER in root else "layers"
    for path, layer in places(model).items():
        wanted |= variables_at(path, layer)
        there = re.sub(r"\blayers\b", layers, path)
        held = arrays_in(group_at(root, joined(there, "vars")) or group_at(root, joined(path, "vars")))
        found |= {joined(path, f"vars/{key}"): one for key, one in held.items()}
    found |= {path: one for path, one in _of_layers(root, layers) if path not in found}
    return Stored(found), wanted


def _of_layers(root: Any, layers: str) -> Iterator[tuple[str, Any]]:
    """The arrays of all layers in a file."""
    waiting = [("", root)]
    while waiting:
        path, group = waiting.pop()
        inner = group_at(group, layers)
        waiting += [(joined(path, f"layers/{name}"), one) for name, one in inner.items() if is_group(one)]
        held = arrays_in(group_at(group, "vars")) if path else {}
        yield from ((joined(path, f"vars/{key}"), one) for key, one in held.items() if key.isdecimal())


def kept(root: Any, optimizer: Any) -> list[tuple[str, Any]]:
    """What a file of this layout holds for such an optimizer, in order; nothing if it is another's."""
    group = group_at(root, _OF_OPTIMIZER)
    name = str(group.attrs.get("name", "")) if group else ""
    kind = re.sub(r"_\d+$", "", name)  # unless a user has named it
    if kind in _kinds_of_optimizers() and kind != snake_case(type(optimizer).__name__):
        return []
    found = {key: one for key, one in arrays_in(group).items() if key.isdecimal()}
    return [("", found[key]) for key in sorted(found, key=int)]


def _kinds_of_optimizers() -> set[str]:
    """What Keras names those that nobody has named."""
    return {snake_case(name) for name, one in vars(optimizers).items() if isinstance(one, type)}
