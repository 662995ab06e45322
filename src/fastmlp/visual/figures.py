"""Where pictures are drawn: on the axes given or on those of a new figure, and in which colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp._validate import brief, need_package

# Colours that the colour-blind can tell apart; the first four are those of the page of cost landscapes.
COLORS = ("#0072b2", "#b35900", "#00735c", "#a8327f", "#d4a017", "#5ab4e5", "#5a5a5a", "#c23b22")
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)))


def need_matplotlib(where: str) -> None:
    """End with a word before anything is computed for a picture that cannot be drawn."""
    need_package(where, "matplotlib.figure", "matplotlib", "pip install 'fastmlp[plot]'")


def panels(
    where: str, ax: Any, count: int = 1, columns: int = 1, size: tuple[float, float] = (6.4, 4.4)
) -> tuple[Any, list[Any]]:
    """The figure and `count` axes to draw on: those given, or those of a new figure, row by row, `size` inches each."""
    need_matplotlib(where)
    if count < 1:
        raise ValueError(f"{where}: expected something to draw, got nothing; give at least one")
    if ax is not None:
        given = list(np.asarray(ax, object).ravel())
        if len(given) != count or not all(hasattr(axes, "plot") for axes in given):
            raise ValueError(f"{where}: expected ax to be {count} axes of matplotlib, one for each panel, got "
                             f"{len(given)} of {type(given[0]).__name__}; leave it out for a new figure")  # fmt: skip
        return given[0].figure, given
    from fastmlp.visual.picture import Picture

    columns = min(count, columns)
    rows = -(-count // columns)
    figure = Picture(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in axes[count:]:
        unused.remove()
    return figure, list(axes[:count])


def style(i: int) -> dict[str, Any]:
    """The i-th line's colour and dashes."""
    return {"color": COLORS[i % len(COLORS)], "linestyle": DASHES[i % len(DASHES)]}


def label(axes: Any, title: str | None, xlabel: str | None = None, ylabel: str | None = None) -> None:
    """What is said around a picture; None leaves what is there."""
    for put, text in ((axes.set_title, title), (axes.set_xlabel, xlabel), (axes.set_ylabel, ylabel)):
        if text is not None:
            put(text)


def points(where: str, value: ArrayLike) -> NDArray[Any]:
    """Points of the plane, one a row."""
    array = np.asarray(value, np.float64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"{where}: expected points of two features, an array (points, 2), got shape {array.shape}; "
                         "choose two columns")  # fmt: skip
    return array


def by_name(where: str, what: str, given: Any) -> Mapping[str, Any]:
    """What is to be drawn, each with its name."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{where}: expected {what} by name, got {brief(given)}; write {{'name': …}}")
    return given
