"""What goes into a model and what comes out: shapes, types, names, and the structures they stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmlp._validate import brief
from fastmlp.layers.base import mapped_shapes


class Spec(NamedTuple):
    """An input: rows (None) first, unless their number is fixed."""

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]
    name: str


def inputs_of(model: Any, signature: Any = None) -> tuple[Callable[[Sequence[Any]], Any], list[Spec]]:
    """How to put arrays together for a call of the model, and what each is to be."""
    tree, named = signature, False
    if signature is None:
        named = bool(model.input_names)
        tree = model.input if named else _of_call(model)
    elif isinstance(tree, (list, tuple)) and len(tree) == 1:
        tree = tree[0]
    found = [_spec(one, path, named) for path, one in _walk(tree, "input")]
    _need_own_names(found)
    return lambda arrays: _filled(tree, iter(arrays)), found


def _of_call(model: Any) -> Any:
    """The inputs of a class of one's own, as its first call had them."""
    if model.input_shape is None:
        raise RuntimeError(f"export: expected a model that knows the shape of its input, got '{model.name}'; give "
                           "input_signature=[Input(shape=…)]")  # fmt: skip
    return mapped_shapes(model.input_shape, model.variable_dtype)


def _spec(one: Any, path: str, named: bool) -> Spec:
    if not hasattr(one, "shape") or not hasattr(one, "dtype"):
        raise TypeError(f"export: expected an input_signature of Input(shape=…), alone or in lists and dicts, got "
                        f"{brief(one)}; give one for each input")  # fmt: skip
    shape, dtype = tuple(one.shape), np.dtype(one.dtype)
    if None in shape[1:] or dtype.kind not in "fiub":
        raise ValueError(f"export: expected inputs of numbers, of known sizes but for the rows, got shape {shape} and "
                         f"type {dtype} of '{path}'; give input_signature=[Input(shape=…)]")  # fmt: skip
    own = getattr(one, "name", None)
    return Spec(shape, dtype, own if own and (named or own != "keras_tensor") else path)


def outputs_of(model: Any, tree: Any) -> list[tuple[str, Any]]:
    """What a call gave, with the names of the layers that made it, or the keys it stands under."""
    known = model._known_outputs()
    paths = list(_walk(tree, "output"))
    names = [path for path, _ in paths] if known is None else [a or b for a, (b, _) in zip(known.names, paths)]
    found = [one for _, one in paths] if known is None else known.flat(tree)
    if any(one is None or isinstance(one, (str, bytes)) for one in found):
        raise TypeError(f"export: expected outputs that are tensors, got {brief(found)} from '{model.name}'; mend its "
                        "call")  # fmt: skip
    return list(zip(names, found, strict=True))


def _need_own_names(specs: list[Spec]) -> None:
    names = [spec.name for spec in specs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"export: expected inputs of different names, got several called {sorted(twice)}; give them "
                         "others by name=")  # fmt: skip


def _walk(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What is in a structure, dicts by their sorted keys, each with a name for it."""
    if isinstance(tree, Mapping):
        for key in sorted(tree):
            yield from _walk(tree[key], str(key))
    elif isinstance(tree, (list, tuple)):
        for place, one in enumerate(tree):
            yield from _walk(one, f"{path}_{place}")
    else:
        yield path, tree


def _filled(tree: Any, arrays: Iterator[Any]) -> Any:
    """The structure with arrays in it."""
    if isinstance(tree, Mapping):
        found = {key: _filled(tree[key], arrays) for key in sorted(tree)}
        return {key: found[key] for key in tree}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_filled(one, arrays) for one in tree)
    return next(arrays)
