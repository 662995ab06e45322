"""Columns: several arrays of as many rows, a structure of them that goes where one array could."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastmlp._validate import brief
from fastmlp.layers.calls import leaves, mapped
from fastmlp.models.feeds import as_array


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
