"""Curves: of training, of series, of functions; and how numbers are distributed.

Every function draws on `ax` (as many axes of matplotlib as there are panels) or on a figure of its own, and returns
the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp import activations
from fastmlp._arrays import numbers
from fastmlp._validate import brief, number, whole
from fastmlp.autodiff import GradientTape, Tensor, constant
from fastmlp.visual.figures import by_name, label, panels, style

Array = NDArray[np.float64]
Function = Callable[[Any], Any]


def plot_curves(
    curves: Mapping[str, Any],
    x: ArrayLike | None = None,
    *,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    logy: bool = False,
    points: bool = False,
    ax: Any = None,
) -> Any:
    """Several curves in one picture: the losses of some runs, averages for some β, schedules, gradient norms by layer.

    Parameters
    ----------
    curves
        By name, the values of each at 1, 2, … or at `x`.
    x
        Where the values are; for all curves.
    title, xlabel, ylabel
        What is written around them.
    logy
        Make the vertical axis logarithmic.
    points
        Draw dots, no lines: measurements that the other curves follow are best drawn first, by themselves.
    ax
        Axes to draw on.

    Returns
    -------
    Figure
        The figure drawn on.

    Examples
    --------
    >>> from fastmlp.optimizers import ewa
    >>> figure = plot_curves({f"β = {beta}": ewa([3, 1, 4, 1, 5], beta) for beta in (0.5, 0.9)}, xlabel="k")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['β = 0.5', 'β = 0.9']
    """
    given = by_name("plot_curves", "curves", curves)
    series = {name: _series("plot_curves", name, values) for name, values in given.items()}
    if not series:
        raise ValueError("plot_curves: expected at least one curve, got none; give {name: values}")
    figure, (axes,) = panels("plot_curves", ax)
    first = len(axes.lines)  # go on with the colours where others were drawn before
    for i, (name, values) in enumerate(series.items(), first):
        places = np.arange(1, len(values) + 1) if x is None else _series("plot_curves", "x", x)
        if len(places) != len(values):
            raise ValueError(f"plot_curves: expected {len(places)} values in {name!r}, one for each x, got "
                             f"{len(values)}; draw it by itself on the same ax")  # fmt: skip
        look = {"color": style(i)["color"], "linestyle": "", "marker": "."} if points else style(i)
        axes.plot(places, values, label=name, **look)
    if logy:
        axes.set_yscale("log")
    if x is None:
        axes.xaxis.get_major_locator().set_params(integer=True)
    label(axes, title, xlabel, ylabel)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _series(where: str, name: str, values: Any) -> Array:
    series = numbers(f"{where}: {name}", values).astype(np.float64)
    if series.ndim != 1:
        raise ValueError(f"{where}: expected a series of numbers for {name!r}, got {brief(series)}; take one of them")
    return series


def plot_history(
    history: Any, metrics: Sequence[str] | None = None, *, validation_freq: int = 1, ax: Any = None
) -> Any:
    """What `fit` returned: a panel for the loss and each metric, training beside validation.

    The best epoch of the validation loss is marked: after it early stopping waits.

    Parameters
    ----------
    history
        A `History`, or its dict of lists.
    metrics
        Which of them, without ``val_``; None for all.
    validation_freq
        The same that `fit` got: which epochs the values of validation belong to.
    ax
        As many axes as panels.
    """
    logs: Mapping[str, Any] = getattr(history, "history", history)
    if not isinstance(logs, Mapping) or not logs:
        raise ValueError(f"plot_history: expected what fit returned, with at least one epoch, got {brief(history)}; "
                         "call fit first")  # fmt: skip
    known = list(dict.fromkeys(name.removeprefix("val_") for name in sorted(logs, key=lambda name: name != "loss")))
    chosen = known if metrics is None else _names(metrics)
    if missing := [name for name in chosen if name not in known]:
        raise ValueError(f"plot_history: expected some of {', '.join(known)}, got {missing[0]!r}; check the spelling")
    every = whole("plot_history: validation_freq", validation_freq)
    figure, axes = panels("plot_history", ax, len(chosen), columns=3, size=(4.8, 3.6))
    for panel, name in zip(axes, chosen):
        for i, (key, said) in enumerate(((name, "training"), (f"val_{name}", "validation"))):
            if key in logs:
                values = _series("plot_history", key, logs[key])
                panel.plot((1, every)[i] * np.arange(1, len(values) + 1), values, label=said, **style(i))
        if name == "loss" and len(logs.get("val_loss", ())):
            _mark_best(panel)
        label(panel, name.replace("_", " "), "epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.3)
        panel.legend()
    return figure


def _mark_best(panel: Any) -> None:
    """A point and a line where the last curve is lowest."""
    epochs, values = panel.lines[-1].get_data()
    best = int(np.nanargmin(values)) if not np.isnan(values).all() else 0
    panel.axvline(epochs[best], color="#5a5a5a", linewidth=0.8)
    panel.plot(epochs[best], values[best], "o", color="#5a5a5a", label=f"lowest: epoch {epochs[best]}")


def plot_function(
    functions: Any,
    x: tuple[float, float] = (-6.0, 6.0),
    *,
    derivative: bool = True,
    columns: int = 3,
    ax: Any = None,
) -> Any:
    """Functions with their derivatives, a panel each.

    Parameters
    ----------
    functions
        Names of activations or functions of a tensor, one or a list of them; or a dict whose names are the titles and
        whose values are these, or pairs of a function and its derivative, both of an array.
    x
        From where to where.
    derivative
        Whether to draw f′ too: what the tape finds. A function that takes arrays only is drawn without.
    columns
        How many panels stand side by side.
    ax
        As many axes as functions.

    Examples
    --------
    >>> figure = plot_function(["sigmoid", "tanh", "relu"])
    >>> figure = plot_function({"x³": lambda x: x**3, "|x|": (np.abs, np.sign)}, x=(-2, 2))
    """
    named = _named_functions(functions)
    low, high = (number("plot_function: x", end) for end in x)
    if not low < high:
        raise ValueError(f"plot_function: expected x from a number to a greater one, got {x!r}; turn it round")
    places = np.linspace(low, high, 601)
    figure, axes = panels("plot_function", ax, len(named), whole("plot_function: columns", columns), (4.2, 3.2))
    for panel, (name, function) in zip(axes, named.items()):
        f, slope = _with_derivative(function)
        panel.plot(places, np.asarray(f(places), np.float64), label="f", **style(0))
        slopes = slope(places) if derivative else None
        if slopes is not None:
            panel.plot(places, np.asarray(slopes, np.float64), label="f′", **style(1))
        panel.axhline(0, color="#5a5a5a", linewidth=0.6, zorder=0)
        panel.axvline(0, color="#5a5a5a", linewidth=0.6, zorder=0)
        label(panel, name, "x")
        panel.grid(alpha=0.3)
        panel.legend()
    return figure


def _names(given: Any) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"plot_history: expected a list of names, got {brief(given)}; write ['loss']")
    return list(given)


def _named_functions(functions: Any) -> dict[str, Any]:
    if isinstance(functions, Mapping):
        return dict(functions)
    if not (isinstance(functions, (str, Iterable)) or callable(functions)):
        raise TypeError(f"plot_function: expected functions, or their names, got {brief(functions)}; 'relu', for one")
    each = [functions] if isinstance(functions, str) or callable(functions) else list(functions)
    return {function if isinstance(function, str) else getattr(function, "__name__", brief(function)): function
            for function in each}  # fmt: skip


def _with_derivative(function: Any) -> tuple[Function, Function]:
    """A function and its derivative: the one given, or what the tape finds."""
    if isinstance(function, tuple):
        f, slope = function
        return f, slope
    f = activations.get(function) if isinstance(function, str) else function
    if not isinstance(f, np.ufunc) and activations.lower(f)["op"] not in ("activation", "python"):
        raise ValueError(f"plot_function: expected a function of single numbers, got {brief(function)}, which is one "
                         "of rows; draw its columns with plot_curves")  # fmt: skip
    return f, lambda x: _slope(f, x)


def _slope(f: Function, x: Array) -> Any:
    """f′ by the tape; None of a formula that takes arrays only."""
    z = constant(x)
    try:
        with GradientTape() as tape:
            tape.watch(z)
            y = f(z)
    except Exception:  # of an array it took the same numbers
        return None
    return tape.gradient(y, z) if isinstance(y, Tensor) else None


def plot_histograms(
    values: Mapping[str, ArrayLike], *, bins: int = 50, title: str | None = None, columns: int = 5, ax: Any = None
) -> Any:
    """How numbers are distributed, a panel for each array: activations or gradients of the layers of a network.

    All panels have the same range, and each says mean, standard deviation and, where there are any, the share of zeros
    (units that ReLU or dropout silences).

    Parameters
    ----------
    values
        By name, an array of any shape.
    bins
        How many bars.
    title
        Above all of them.
    columns
        How many panels stand side by side.
    ax
        As many axes as arrays.
    """
    given = by_name("plot_histograms", "arrays", values)
    arrays = {name: numbers(f"plot_histograms: {name}", one).astype(np.float64).ravel() for name, one in given.items()}
    if empty := [name for name, array in arrays.items() if not np.isfinite(array).any()]:
        raise ValueError(f"plot_histograms: expected finite numbers in {empty[0]!r}, got none; leave it out")
    arrays = {name: array[np.isfinite(array)] for name, array in arrays.items()}
    figure, axes = panels("plot_histograms", ax, len(arrays), whole("plot_histograms: columns", columns), (3.0, 2.8))
    low, high = min(a.min() for a in arrays.values()), max(a.max() for a in arrays.values())
    edges = np.linspace(low, high if high > low else low + 1, whole("plot_histograms: bins", bins) + 1)
    for panel, (name, array) in zip(axes, arrays.items()):
        panel.hist(array, edges, color=style(0)["color"])
        zeros = np.mean(array == 0)
        said = f"mean {array.mean():.3g}\nsd {array.std():.3g}" + (f"\n{zeros:.0%} are 0" if zeros else "")
        paper = {"facecolor": "white", "alpha": 0.7, "linewidth": 0}
        panel.text(0.97, 0.95, said, ha="right", va="top", transform=panel.transAxes, fontsize="small", bbox=paper)
        label(panel, name)
        panel.set_yticks([])
    if title is not None:
        figure.suptitle(title)
    return figure
