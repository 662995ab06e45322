"""The variables of a model by path, and their way into files and back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from fastmlp._objects import snake_case
from fastmlp._spelling import user_level
from fastmlp._validate import brief, flag
from fastmlp.saving import atomic, native
from fastmlp.variables import Variable

_ALIKE = ({"F16", "BF16", "F32", "F64"}, {"I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64"})


class Arrays(Protocol):
    """Arrays of a file by path, of which shapes and types are known before they are read."""

    shapes: dict[str, tuple[int, ...]]
    codes: dict[str, str]

    def under(self, folder: str) -> list[str]:
        """The paths that begin so."""

    def read(self, name: str) -> np.ndarray:
        """A copy of an array."""


def free_name(name: str, taken: Container[str]) -> str:
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
        stem = free_name(snake_case(type(layer).__name__), stems)
        stems[stem] = layer
        found |= {f"weights/{stem}/{name}": variable for name, variable in _by_name(layer.weights).items()}
    return found


def _by_name(variables: Sequence[Variable]) -> dict[str, Variable]:
    """Variables by their names, no two alike."""
    found: dict[str, Variable] = {}
    for variable in variables:
        found[free_name(variable.name.replace("/", "_"), found)] = variable
    return found


def of_optimizer(optimizer: Any) -> dict[str, Variable]:
    """What an optimizer remembers, as ``optimizer/0``, ``optimizer/1``, … in its order."""
    return {f"optimizer/{i}": variable for i, variable in enumerate(optimizer.variables)}


def values(variables: Mapping[str, Variable]) -> dict[str, np.ndarray]:
    """Copies of what they hold."""
    return {path: variable.numpy() for path, variable in variables.items()}


def need_model(where: str, model: Any) -> None:
    """Refuse what is no model."""
    if not hasattr(model, "compile_from_config"):
        raise TypeError(f"{where}: expected a model, got {brief(model)}; put layers into Sequential([…])")


def need_built(where: str, model: Any) -> None:
    """Refuse a model without weights."""
    need_model(where, model)
    if not model.built:
        raise RuntimeError(f"{where}: expected a built model, got '{model.name}' before it has seen an input shape; "
                           "put Input(shape=…) first, call build, or call it on data")  # fmt: skip


def mismatches(file: Arrays, folder: str, variables: Mapping[str, Variable], *, exact: bool) -> dict[str, str]:
    """What keeps tensors of a file from being these variables, by path; unless `exact` floats may have other sizes."""
    found = {}
    for path, variable in variables.items():
        want = native.code(variable.dtype)
        if path not in file.shapes:
            found[path] = f"of shape {variable.shape} is not in the file"
        elif file.shapes[path] != variable.shape:
            found[path] = f"has shape {file.shapes[path]} in the file and {variable.shape} in the model"
        elif file.codes[path] != want and (exact or not any({file.codes[path], want} <= some for some in _ALIKE)):
            found[path] = f"has type {file.codes[path]} in the file and {want} in the model"
    for path in file.under(folder):
        if path not in variables:
            found[path] = f"of shape {file.shapes[path]} is not in the model"
    return found


def assign(where: str, path: str, file: Arrays, variables: Mapping[str, Variable]) -> None:
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


def fill(where: str, path: str, file: Arrays, folder: str, variables: Mapping[str, Variable]) -> None:
    """Give variables the values under a folder of the file, which must be exactly theirs."""
    refuse(where, path, mismatches(file, folder, variables, exact=True), "make the model as it was when saved")
    assign(where, path, file, variables)


def take(where: str, path: str, file: Arrays, folder: str, variables: Mapping[str, Variable], skip: bool) -> None:
    """Give variables the values under a folder of the file, all or, to skip what differs, layer by layer."""
    wrong = mismatches(file, folder, variables, exact=False)
    mend = "build the model alike, or say skip_mismatch=True"
    assign(where, path, file, fitting(where, path, variables, wrong, mend, skip))


def fitting(
    where: str, path: str, variables: Mapping[str, Variable], wrong: Mapping[str, str], mend: str, skip: bool
) -> Mapping[str, Variable]:
    """The variables, if nothing is wrong; else an error or, to `skip`, those of other layers, with a warning."""
    if not skip:
        refuse(where, path, wrong, mend)
    if not wrong:
        return variables
    layer_of: Callable[[str], str] = lambda name: name.rpartition("/")[0] or name
    skipped = {layer_of(name) for name in wrong}
    warnings.warn(f"{where}: {brief(sorted(skipped))} of {path!r} and of the model differ and stay as they are",
                  UserWarning, stacklevel=user_level())  # fmt: skip
    return {name: v for name, v in variables.items() if layer_of(name) not in skipped}


# ---- what users call


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights of a model to a file, from which `load_weights` reads them into a model built alike.

    Parameters
    ----------
    model
        Built.
    filepath
        ``"model.weights.safetensors"``, for one. A name that ends in ``.weights.h5`` makes a file of Keras's, which
        holds what the optimizer remembers, too, if the model is compiled.
    overwrite
        False: raise FileExistsError rather than replace a file.
    """
    need_built("save_weights", model)
    path = atomic.target("save_weights", filepath, flag("save_weights: overwrite", overwrite), (".weights.h5",))
    if atomic.ending(path):
        from fastmlp.saving import keras_files

        keras_files.save_weights("save_weights", path, model)
    else:
        native.write(path, model._turn.take("save_weights", lambda: values(by_path(model))), {})


def load_weights(
    model: Any, filepath: Any, skip_mismatch: bool = False, *, by_name: bool = False, map: Any = None
) -> None:
    """Read weights that `save_weights` or `save` wrote, here or in Keras, or another program; none or all that fit.

    Parameters
    ----------
    model
        Built; with as many layers of each class, in the same order, names being of no account.
    filepath
        The file: ``.safetensors``, or one of Keras's, ``.weights.h5``, ``.keras``, ``.h5`` or ``.hdf5``. One of
        Keras's that holds what an optimizer remembers gives it to the model's optimizer, if that is of the same kind
        and trains the same.
    skip_mismatch
        Leave layers alone that are not in the file or look otherwise there, and warn, rather than raise.
    by_name
        Of a ``.h5`` of older Keras: give the layers whose name is in the file what stands under it.
    map
        Needed for safetensors files of other programs, see `fastmlp.saving.mapping`: ``"torch"`` for the names of an
        ``nn.Sequential``, or which tensor is which variable, ``{"dense/kernel": "fc1.weight", …}``, or a function that
        says so. Numbers of 16 and 64 bits are rounded to the variable's type, to the nearest, ties to even.
    """
    need_model("load_weights", model)
    flag("load_weights: skip_mismatch", skip_mismatch)
    flag("load_weights: by_name", by_name)
    model._turn.alone("load_weights", partial(_load_weights, model, filepath, skip_mismatch, by_name, map))


def _load_weights(model: Any, filepath: Any, skip_mismatch: bool, by_name: bool, map: Any) -> None:
    where = "load_weights"
    path = atomic.checked_path(where, filepath, atomic.OF_KERAS)
    need_built(where, model)
    if atomic.ending(path):
        if map is not None:
            raise ValueError(f"{where}: expected map=None for a file of Keras, {path!r}, whose names are known, got "
                             f"{brief(map)}; leave it out")  # fmt: skip
        from fastmlp.saving import keras_files

        keras_files.load_weights(where, path, model, skip_mismatch, by_name)
        return
    if by_name:
        raise ValueError(f"{where}: expected a .h5 of older Keras with by_name=True, got {path!r}; leave out by_name, "
                         "or say skip_mismatch=True")  # fmt: skip
    with native.opened(where, path, ours=False) as file:
        if map is not None or not file.is_ours:
            from fastmlp.saving import mapping

            mapping.load(where, path, file, model, map, skip_mismatch)
            return
        with native.blaming(where, path):
            file.need_ours()
        take(where, path, file, "weights", by_path(model), skip_mismatch)
