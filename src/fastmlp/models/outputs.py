"""The outputs of a model one by one, and what users give for each: losses, metrics, targets, weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastmlp._validate import brief


class Outputs:
    """Their names and how they hang together: keys of a dict, which come sorted, or names of layers in a list.

    Parameters
    ----------
    tree
        What a model gives, or stands for it.
    names
        Those of outputs in a list; None if nobody has named them.

    Examples
    --------
    >>> Outputs({"price": 0, "kind": 0}).names
    ['kind', 'price']
    """

    def __init__(self, tree: Any, names: Any = None) -> None:
        self.by_key = isinstance(tree, Mapping)
        paths = list(_paths(tree))
        self.count = len(paths)
        self.widths = [_width(one) for one in self.flat(tree)]
        given: list[str | None] = [None] * self.count if names is None else list(names)
        self.names = [_name(path, name) for path, name in zip(paths, given, strict=True)]

    @property
    def several(self) -> bool:
        """Whether they are more than one array by itself."""
        return self.count > 1 or self.by_key

    def flat(self, tree: Any) -> list[Any]:
        """What a model gives, output by output."""
        return [one for _, one in _walk(tree)]

    def beside(self, where: str, given: Any, *, partly: bool = False, is_one: Any = None) -> list[Any]:
        """What is given for each output; None for those that are left out, which may be if `partly`.

        Parameters
        ----------
        where
            What it is, as errors say it.
        given
            A dict by name, or a list in the outputs' order.
        is_one
            Whether a list or dict is given for one output, and not for several.
        """
        if isinstance(given, Mapping) and (self.by_key or None not in self.names) and self._named(given):
            unknown = [key for key in given if key not in self.names]
            missing = [name for name in self.names if name not in given]
            if unknown or (missing and not partly):
                raise ValueError(f"{where}: expected a dict by the names of outputs, {self.names}, got "
                                 f"{brief(list(given))}; name them so, with None for what is not wanted")  # fmt: skip
            return [given.get(name) for name in self.names]
        found = [one for _, one in _walk(given, is_one)]
        if len(found) != self.count or not isinstance(given, (list, tuple, Mapping)):
            got = f"{len(found)} of them" if isinstance(given, (list, tuple, Mapping)) else brief(given)
            whose = f"each of the {self.count} outputs" if self.count > 1 else "the one output"
            raise ValueError(f"{where}: expected one for {whose} {self._shown()}, got {got}; give a list in this "
                             "order, or a dict by name")  # fmt: skip
        return found

    def _named(self, given: Mapping[str, Any]) -> bool:
        """Whether keys are to be names of outputs, not those of structures in structures."""
        return any(key in self.names for key in given) or not any("/" in str(name) for name in self.names)

    def _shown(self) -> str:
        return "" if None in self.names else str(self.names)


def _width(one: Any) -> int | None:
    """How many numbers a row has, if rows are of plain numbers."""
    shape: Any = getattr(one, "shape", ())
    return shape[1] if len(shape) == 2 else None


def _name(path: tuple[Any, ...], name: str | None) -> str | None:
    """The keys that lead there, the last place in a list by its name."""
    if not path:
        return name
    keys = [key for key in path if isinstance(key, str)]
    if not isinstance(path[-1], str):
        keys = [*keys, name] if name is not None else []
    return "/".join(map(str, keys)) or None


def _walk(tree: Any, is_one: Any = None, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """What is in a structure, with the keys and places that lead there; dicts by sorted keys."""
    if isinstance(tree, (Mapping, list, tuple)) and not (is_one is not None and is_one(tree)):
        keys = sorted(tree) if isinstance(tree, Mapping) else range(len(tree))
        for key in keys:
            yield from _walk(tree[key], is_one, (*path, key))
    else:
        yield path, tree


def _paths(tree: Any) -> Iterator[tuple[Any, ...]]:
    return (path for path, _ in _walk(tree))
