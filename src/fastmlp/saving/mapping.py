"""Weights that other programs wrote: which tensor of a file is which variable of a model.

``model.load_weights(path, map=…)`` takes for `map`

* ``"torch"``: the names of a ``state_dict``, ``0.weight``, ``0.bias``, ``1.running_mean``, behind any prefix. Modules
  come in the order of the numbers in their names, each kind by itself: matrices (`Dense`, turned over, and
  `Embedding`), averages (`BatchNormalization`), and the rest (the other normalisations, `PReLU`). Where words alone
  tell names apart (``hidden``, ``out``), shapes have to say which is which.
* a dict, ``{"dense/kernel": "fc1.weight", "dense/bias": "fc1.bias"}``, by the paths that errors and our own files
  have: ``dense_1`` is the second layer of class Dense, whatever it is called. A matrix is turned over if only so it
  fits; of a square one say it: ``("fc1.weight", "T")`` or ``"fc1.weight.T"`` to turn it over, ``("fc1.weight", "=")``
  to not.
* a function of such a path that gives such a value, or None for a variable that is not in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmlp import layers
from fastmlp._validate import brief, unknown
from fastmlp.saving import native
from fastmlp.saving.weights import by_path, fitting, refuse
from fastmlp.variables import Variable

_FLOATS = ("F16", "BF16", "F32", "F64")
_COUNT = "num_batches_tracked"  # of PyTorch, which nothing here is


class Source(NamedTuple):
    """Where a variable's numbers are: a tensor, and whether to turn it over; None if its shape is to say so."""

    name: str
    turned: bool | None


def load(where: str, path: str, file: native.File, model: Any, map: Any, skip_mismatch: bool) -> None:
    """Give a model the weights of a file by names; none is changed unless all fit, or those that do not are skipped."""
    variables = {name.removeprefix("weights/"): variable for name, variable in by_path(model).items()}
    if map is None:
        raise _foreign(where, path, file, variables)
    if isinstance(map, str):
        if map != "torch":
            unknown(f"{where}: map", map, ["torch"])
        sources = _as_torch_names_them(where, file, model, variables)
    else:
        sources = _as_told(where, file, map, variables)
    wrong: dict[str, str] = {}
    for name, variable in variables.items():
        fault = _fault(file, sources.get(name), variable)
        if fault:
            wrong[name] = fault
    used = {source.name for source in sources.values()}
    unused = {brief(name): f"of shape {shape} is used for nothing" for name, shape in file.shapes.items()
              if name not in used and not name.endswith(_COUNT)}  # fmt: skip
    mend = "name them in map, or say skip_mismatch=True to leave them"
    if not skip_mismatch:
        refuse(where, path, wrong | unused, mend)
    fit = fitting(where, path, variables, wrong, mend, skip_mismatch)
    with native.blaming(where, path):
        arrays = {name: _read(file, sources[name], variable) for name, variable in fit.items()}
    for name, array in arrays.items():
        variables[name].assign(array)


def _foreign(where: str, path: str, file: native.File, variables: Mapping[str, Variable]) -> ValueError:
    ours = next(iter(variables), "dense/kernel")
    size = sorted(variables[ours].shape) if variables else []
    alike = [name for name, shape in sorted(file.shapes.items()) if sorted(shape) == size]
    theirs = (*alike, *sorted(file.shapes), "0.weight")[0]
    return ValueError(f"{where}: expected a file that fastmlp wrote, got {path!r}, another program's, with "
                      f"{brief(sorted(file.shapes))}; say which of them is what: map='torch' if an nn.Sequential of "
                      f"PyTorch named them, or map={{{ours!r}: {brief(theirs)}, …}}")  # fmt: skip


# ---- one tensor


def _fault(file: native.File, source: Source | None, variable: Variable) -> str:
    """What keeps a tensor from being that variable; '' if nothing does."""
    if source is None:
        return f"of shape {tuple(variable.shape)} is named by nothing"
    if source.name not in file.shapes:
        return f"is to be {brief(source.name)}, which is not in the file"
    there, here, kind = file.shapes[source.name], tuple(variable.shape), file.codes[source.name]
    name, want = brief(source.name), native.code(variable.dtype)
    if not (kind in _FLOATS and want in _FLOATS) and kind != want:
        return f"has type {want}, and {name} has {kind}"
    if source.turned is None and len(here) == 2 and there == here and here[0] == here[1] > 1:
        return f"is square, as is {name}: say ({name}, 'T') to turn it over, as PyTorch has it, or ({name}, '=')"
    if not _fits(there, here, source.turned):
        turned = {True: ", to be turned over", False: ", to be taken as it is", None: ""}[source.turned]
        return f"has shape {here}, and {name} has {there}{turned}"
    return ""


def _fits(there: Sequence[int], here: Sequence[int], turned: bool | None) -> bool:
    """Whether the shapes are one, or become so."""
    over = len(here) == 2 and tuple(there) == tuple(here)[::-1]
    return over if turned else tuple(there) == tuple(here) or (turned is None and over)


def _read(file: native.File, source: Source, variable: Variable) -> np.ndarray:
    """The numbers of a tensor, as the variable has them."""
    array = file.read(source.name)
    turned = array.shape != tuple(variable.shape) if source.turned is None else source.turned
    return array.T if turned else array


# ---- as a dict or a function says


def _as_told(where: str, file: native.File, map: Any, variables: Mapping[str, Variable]) -> dict[str, Source]:
    """Where the variables are that `map` names."""
    if isinstance(map, Mapping):
        told = {str(key).removeprefix("weights/"): value for key, value in map.items()}
        for key in told:
            if key not in variables:
                unknown(f"{where}: map", key, variables)
    elif callable(map):
        told = {name: map(name) for name in variables}
    else:
        raise TypeError(f"{where}: expected map to be 'torch', a dict or a function, got {brief(map)}; "
                        "{'dense/kernel': 'fc1.weight'}, for one")  # fmt: skip
    return {name: _source(where, file, value) for name, value in told.items() if value is not None}


def _source(where: str, file: native.File, value: Any) -> Source:
    if isinstance(value, str):
        plain = value.removesuffix(".T")
        return Source(plain, True) if plain in file.shapes and value not in file.shapes else Source(value, None)
    if isinstance(value, (tuple, list)) and len(value) == 2 and isinstance(value[0], str) and value[1] in ("T", "="):
        return Source(value[0], value[1] == "T")
    raise TypeError(f"{where}: map: expected the name of a tensor, or that and 'T' or '=', got {brief(value)}; "
                    "('fc1.weight', 'T'), for one")  # fmt: skip


# ---- as PyTorch names them

Module = dict[str, str]  # the names of its tensors, by the last part


class Place(NamedTuple):
    """A layer: what PyTorch calls its variables, by their paths, and which of those it has the other way round."""

    tensors: Mapping[str, str]
    turned: frozenset[str]


_SCALED = {"gamma": "weight", "beta": "bias"}
_AVERAGES = {"moving_mean": "running_mean", "moving_variance": "running_var"}
_KINDS: dict[type, tuple[str, Mapping[str, str]]] = {
    layers.Dense: ("matrix", {"kernel": "weight", "bias": "bias"}),
    layers.Embedding: ("matrix", {"embeddings": "weight"}),
    layers.BatchNormalization: ("averages", {**_SCALED, **_AVERAGES}),
    layers.LayerNormalization: ("vector", _SCALED),
    layers.GroupNormalization: ("vector", _SCALED),
    layers.RMSNormalization: ("vector", {"scale": "weight"}),
    layers.PReLU: ("vector", {"alpha": "weight"}),
}


def _as_torch_names_them(
    where: str, file: native.File, model: Any, variables: Mapping[str, Variable]
) -> dict[str, Source]:
    """Where the variables are if the file holds the state of modules of PyTorch, in the order of the layers."""
    found: dict[str, Source] = {}
    modules = _modules(file)
    for kind in ("matrix", "averages", "vector"):
        places = list(_places(model, variables, kind))
        for place, module in _pairs(where, file, variables, places, modules[kind]):
            for path, tensor in place.tensors.items():
                if tensor in module:
                    found[path] = Source(module[tensor], path in place.turned)
    return found


def _places(model: Any, variables: Mapping[str, Variable], kind: str) -> Iterator[Place]:
    """The layers of a kind, in their order."""
    paths = {id(variable): path for path, variable in variables.items()}
    for layer in model.with_inner():
        its_kind, names = _KINDS.get(type(layer), ("", {}))
        if its_kind == kind:
            mine = {v.name: paths[id(v)] for v in layer.own_variables()}
            turned = frozenset(mine[name] for name in ("kernel",) if name in mine)
            yield Place({path: names[name] for name, path in mine.items()}, turned)


def _modules(file: native.File) -> dict[str, dict[str, Module]]:
    """The modules in a file by kind and name; what is none of these is left for `load` to report."""
    all_of_them: dict[str, Module] = {}
    for name in file.shapes:
        home, _, tensor = name.rpartition(".")
        all_of_them.setdefault(home, {})[tensor] = name
    found: dict[str, dict[str, Module]] = {"matrix": {}, "averages": {}, "vector": {}}
    for name, module in all_of_them.items():
        axes = len(file.shapes[module["weight"]]) if "weight" in module else 0
        kind = "averages" if "running_mean" in module else {1: "vector", 2: "matrix"}.get(axes)
        if kind:
            found[kind][name] = module
    return found


def _pairs(
    where: str,
    file: native.File,
    variables: Mapping[str, Variable],
    places: Sequence[Place],
    modules: dict[str, Module],
) -> Iterator[tuple[Place, Module]]:
    """Each layer and its module: by the order of numbers in names or, where there is none, by shapes."""
    names = sorted(modules, key=_natural)
    doubtful = [(a, b) for a, b in zip(names, names[1:]) if not _ordered(a, b)]
    if not doubtful:
        yield from zip(places, (modules[name] for name in names))
        return
    for place in places:
        fit = [name for name in names if _alike(file, variables, place, modules[name])]
        twins = [one for one in places if fit and _alike(file, variables, one, modules[fit[0]])]
        if len(fit) > 1 or len(twins) > 1:
            raise ValueError(f"{where}: expected numbers in the names of modules to say in which order they are, got "
                             f"{brief(doubtful[0][0])} and {brief(doubtful[0][1])}, and several of one shape; say "
                             f"map={{{next(iter(place.tensors))!r}: …}}")  # fmt: skip
        if fit:
            yield place, modules[fit[0]]


def _alike(file: native.File, variables: Mapping[str, Variable], place: Place, module: Module) -> bool:
    """Whether a layer has just the tensors of a module, in their shapes."""
    return set(place.tensors.values()) == set(module) - {_COUNT} and all(
        _fits(file.shapes[module[tensor]], variables[path].shape, path in place.turned)
        for path, tensor in place.tensors.items()
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """What sorts names by the numbers in them, however long these are: words at even places, numbers at odd ones."""
    parts = [part.lstrip("0") if i % 2 else part for i, part in enumerate(re.split("([0-9]+)", name))]
    return [(len(part) if i % 2 else 0, part) for i, part in enumerate(parts)]


def _ordered(a: str, b: str) -> bool:
    """Whether numbers say which of two names comes first."""
    differing = [i for i, (one, other) in enumerate(zip(_natural(a), _natural(b))) if one != other]
    return bool(differing) and differing[0] % 2 == 1
