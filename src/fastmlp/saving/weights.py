"""The variables of a model by path, and their way into files and back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from fastmlp._objects import snake_case
from fastmlp._spelling import user_level
from fastmlp._validate import brief
from fastmlp.saving import atomic, native
from fastmlp.variables import Variable


def _numbered(name: str, taken: Mapping[str, Any]) -> str:
    """The name or, if it is taken, name_1 and so on."""
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def by_path(model: Any) -> dict[str, Variable]:
    """The weights as ``weights/dense_1/kernel``: the second layer of class Dense, whatever it is called.

    Names that are given automatically change with how many layers were made before; what a model is made of does not.
    """
    own = _by_name(model.own_variables())
    found = {f"weights/{name}": variable for name, variable in own.items()}
    stems: dict[str, Any] = dict(own)
    for layer in model.inner_layers():
        stem = _numbered(snake_case(type(layer).__name__), stems)
        stems[stem] = layer
        found |= {f"weights/{stem}/{name}": variable for name, variable in _by_name(layer.weights).items()}
    return found


def _by_name(variables: Sequence[Variable]) -> dict[str, Variable]:
    """Variables by their names, no two alike."""
    found: dict[str, Variable] = {}
    for variable in variables:
        found[_numbered(variable.name.replace("/", "_"), found)] = variable
    return found


def of_optimizer(optimizer: Any) -> dict[str, Variable]:
    """What an optimizer remembers, as ``optimizer/0``, ``optimizer/1``, … in its order."""
    return {f"optimizer/{i}": variable for i, variable in enumerate(optimizer.variables)}


def values(variables: Mapping[str, Variable]) -> dict[str, np.ndarray]:
    """Copies of what they hold."""
    return {path: variable.numpy() for path, variable in variables.items()}


def need_built(where: str, model: Any) -> None:
    """Refuse a model without weights."""
    if not model.built:
        raise RuntimeError(f"{where}: expected a built model, got '{model.name}' before it has seen an input shape; "
                           "put Input(shape=…) first, call build, or call it on data")  # fmt: skip


def mismatches(file: native.File, folder: str, variables: Mapping[str, Variable], *, exact: bool) -> dict[str, str]:
    """What keeps tensors of a file from being these variables, by path; float32 may be float64 unless `exact`."""
    found = {}
    for path, variable in variables.items():
        want = native.code(variable.dtype)
        if path not in file.shapes:
            found[path] = f"of shape {variable.shape} is not in the file"
        elif file.shapes[path] != variable.shape:
            found[path] = f"has shape {file.shapes[path]} in the file and {variable.shape} in the model"
        elif file.codes[path] != want and (exact or {file.codes[path], want} != {"F32", "F64"}):
            found[path] = f"has type {file.codes[path]} in the file and {want} in the model"
    for path in file.under(folder):
        if path not in variables:
            found[path] = f"of shape {file.shapes[path]} is not in the model"
    return found


def assign(where: str, path: str, file: native.File, variables: Mapping[str, Variable]) -> None:
    """Give these variables their values; all are read before the first is written."""
    with native.blaming(where, path):
        arrays = {name: file.read(name) for name in variables}
    for name, array in arrays.items():
        variables[name].assign(array)


def refuse(where: str, path: str, wrong: Mapping[str, str], mend: str) -> None:
    """Raise if there are mismatches, and list them."""
    if wrong:
        listed = "; ".join(f"{name} {what}" for name, what in list(wrong.items())[:20])
        more = f"; and {len(wrong) - 20} more" if len(wrong) > 20 else ""
        raise ValueError(f"{where}: expected the model's variables in {path!r}, got others: {listed}{more}; {mend}")


def fill(where: str, path: str, file: native.File, folder: str, variables: Mapping[str, Variable]) -> None:
    """Give variables the values under a folder of the file, which must be exactly theirs."""
    refuse(where, path, mismatches(file, folder, variables, exact=True), "make the model as it was when saved")
    assign(where, path, file, variables)


# ---- what users call


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights of a model to a file, from which `load_weights` reads them into a model built alike.

    Parameters
    ----------
    model
        Built.
    filepath
        ``"model.weights.safetensors"``, for one.
    overwrite
        False: raise FileExistsError rather than replace a file.
    """
    need_built("save_weights", model)
    path = atomic.target("save_weights", filepath, overwrite)
    native.write(path, model._turn.take("save_weights", lambda: values(by_path(model))), {})


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Read weights that `save_weights` or `save` wrote; none is changed unless all fit.

    Parameters
    ----------
    model
        Built; with as many layers of each class, in the same order, names being of no account.
    filepath
        The file.
    skip_mismatch
        Leave layers alone that are not in the file or look otherwise there, and warn, rather than raise.
    """
    model._turn.alone("load_weights", partial(_load_weights, model, filepath, skip_mismatch))


def _load_weights(model: Any, filepath: Any, skip_mismatch: bool) -> None:
    where = "load_weights"
    path = atomic.checked_path(where, filepath)
    need_built(where, model)
    with native.opened(where, path) as file:
        variables = by_path(model)
        wrong = mismatches(file, "weights", variables, exact=False)
        if not skip_mismatch:
            refuse(where, path, wrong, "build the model alike, or say skip_mismatch=True")
        elif wrong:
            layer_of: Callable[[str], str] = lambda name: name.rpartition("/")[0]
            skipped = {layer_of(name) for name in wrong}
            variables = {name: v for name, v in variables.items() if layer_of(name) not in skipped}
            warnings.warn(f"load_weights: {brief(sorted(skipped))} of {path!r} and of the model differ and stay as "
                          "they are", UserWarning, stacklevel=user_level())  # fmt: skip
        assign(where, path, file, variables)
