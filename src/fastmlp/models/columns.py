"""Columns: several arrays of as many rows, a structure of them that goes where one array could."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastmlp._validate import brief
from fastmlp.layers.calls import leaves, mapped
from fastmlp.models.feeds import as_array, row_weights


class Columns:
    """A list, tuple or dict of arrays, by rows."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.rows = len(next(leaves(tree)))

    @property
    def shape(self) -> tuple[int, ...]:
        """How many rows; the rest is each array's own affair."""
        return (self.rows,)

    @property
    def nbytes(self) -> int:
        """Of all arrays."""
        return sum(one.nbytes for one in leaves(self.tree))

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: Any) -> Columns:
        return Columns(mapped(lambda one: one[index], self.tree))


def rows_of(where: str, value: Any) -> Any:
    """One array, or Columns where a list or tuple of arrays or a dict is given."""
    if isinstance(value, (np.ndarray, Columns)):
        return value
    several = isinstance(value, Mapping) or (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(hasattr(one, "shape") and np.ndim(one) for one in value)
    )
    if not several:
        return as_array(where, value)
    tree = mapped(lambda one: as_array(where, one), value)
    sizes = {len(one) if one.ndim else None for one in leaves(tree)}
    if len(sizes) != 1 or None in sizes:
        raise ValueError(f"{where}: expected arrays of as many rows each, got {brief(sorted(map(str, sizes)))}; pair "
                         "them up")  # fmt: skip
    return Columns(tree)


def tree_of(rows: Any) -> Any:
    """What was given: the structure, or the array."""
    return rows.tree if isinstance(rows, Columns) else rows


def weights_of(where: str, weights: Any, rows: int) -> Any:
    """One number for each row; or, as Columns, some for each output."""
    several = isinstance(weights, Mapping) or (
        isinstance(weights, (list, tuple)) and any(one is None or np.ndim(one) for one in weights)
    )
    if not several:
        return row_weights(where, weights, rows)
    tree = mapped(lambda one: row_weights(where, one, rows), weights)
    return Columns(tree) if any(True for _ in leaves(tree)) else None


def alone(given: Any, name: str | None, ndim: int) -> Any:
    """The array that is alone in a list, or in a dict under this name, where it has as many axes as are wanted."""
    if isinstance(given, Mapping) and list(given) == [name]:
        return given[name]
    is_list = isinstance(given, (list, tuple)) and len(given) == 1
    return given[0] if is_list and hasattr(given[0], "shape") and np.ndim(given[0]) == ndim else given
