"""Pictures of the plane: what a network decides where, the line of one neuron, paths on a cost landscape."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp._validate import brief, number, whole
from fastmlp.visual.figures import COLORS, by_name, label, panels, points, style
from fastmlp.visual.landscapes import Landscape, find_landscape

Array = NDArray[np.float64]
Extent = Sequence[tuple[float, float]]

_MARKERS = "os^DvPX*"


def plot_decision_boundary(
    predict_or_model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    extent: Extent | None = None,
    level: float = 0.5,
    steps: int = 200,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Which class a model sees where in a plane of two features, with its boundaries and the data.

    Parameters
    ----------
    predict_or_model
        What has a method ``predict_proba`` or ``predict``, or a function of an array (points, 2). From one number a
        point follows class 1 above `level`, from several the class with the greatest, from ints or text that class.
    X, y
        Data to draw: points (n, 2) and their classes, as labels or one-hot rows.
    extent
        From where to where either feature is shown; None goes a little beyond the data.
    level
        Where the boundary is, if there is one number a point: 0 for logits.
    steps
        How many points of either feature to ask the model about.
    title
        Above it.
    ax
        Axes to draw on.

    Examples
    --------
    >>> figure = plot_decision_boundary(lambda X: X[:, 0] * X[:, 1], extent=((-1, 1), (-1, 1)), level=0)
    """
    where = "plot_decision_boundary"
    predict = _predictor(predict_or_model)
    data = None if X is None else points(where, X)
    if data is None and extent is None:
        raise ValueError(f"{where}: expected X or extent, got neither; say what part of the plane to show")
    area = _around(data) if extent is None else _corners(where, extent)
    level = number(f"{where}: level", level)
    figure, (axes,) = panels(where, ax)
    a, b = np.meshgrid(*(np.linspace(low, high, whole(f"{where}: steps", steps, 2)) for low, high in area))
    answers = np.asarray(predict(np.stack([a.ravel(), b.ravel()], axis=1).astype(np.float32)))
    if len(answers) != a.size:
        raise ValueError(f"{where}: expected a prediction for each of {a.size} points, got {brief(answers)}; "
                         "the model has to take an array (points, 2)")  # fmt: skip
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers = answers[:, 0]
    given = None if y is None else _labels(np.asarray(y))
    known = getattr(predict_or_model, "classes_", None)
    if answers.ndim == 1 and answers.dtype.kind == "f":
        classes = _classes(given, known, 2)
        _shade_score(axes, a, b, answers.reshape(a.shape), level)
    else:
        if answers.ndim == 1:  # labels: as scores, 1 for the class said
            classes = np.unique(answers if given is None else np.concatenate([given, answers]))
            answers = (answers[:, None] == classes).astype(float)
        else:
            classes = _classes(given, known, answers.shape[1])
        _shade_classes(axes, a, b, answers.reshape(*a.shape, -1))
    if data is not None:
        _scatter(axes, data, given, classes)
    axes.set(xlim=area[0], ylim=area[1])
    label(axes, title, "x₁", "x₂")
    return figure


def _predictor(model: Any) -> Callable[[Any], Any]:
    predict = getattr(model, "predict", None)
    if predict is not None and "verbose" in inspect.signature(predict).parameters:  # gives scores, as Keras does
        return lambda X: predict(X, verbose=0)
    found: Any = getattr(model, "predict_proba", predict)
    function: Callable[[Any], Any] = model if found is None else found
    if not callable(function):
        raise TypeError(f"plot_decision_boundary: expected a model or a function of points, got {brief(model)}; give "
                        "one with a method predict")  # fmt: skip
    return function


def _around(data: Any) -> Extent:
    low, high = data.min(axis=0), data.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    return [(float(p), float(q)) for p, q in zip(low - margin, high + margin)]


def _labels(y: NDArray[Any]) -> NDArray[Any]:
    """One label a point, from labels in any shape or one-hot rows."""
    labels: NDArray[Any] = np.argmax(y, axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel()
    if labels.dtype.kind == "b" or (labels.dtype.kind == "f" and np.all(labels == np.round(labels))):
        labels = labels.astype(np.int64)
    return labels


def _classes(given: NDArray[Any] | None, known: Any, count: int) -> NDArray[Any]:
    """What the classes are called whose scores a model tells."""
    if known is not None:
        return np.asarray(known)
    numbered = np.arange(count)
    return numbered if given is None or np.isin(given, numbered).all() else np.unique(given)


def _lighter(color: str, share: float = 0.35) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(1 - share * (1 - part) for part in to_rgb(color))


def _shade_score(axes: Any, a: Array, b: Array, score: Array, level: float) -> None:
    """The colour of one class, white at the boundary, the colour of the other."""
    from matplotlib.colors import LinearSegmentedColormap

    colors = [_lighter(COLORS[0], 0.6), (1.0, 1.0, 1.0), _lighter(COLORS[1], 0.6)]
    far = float(np.abs(score - level).max()) or 1.0
    axes.contourf(a, b, score, np.linspace(level - far, level + far, 21),
                  cmap=LinearSegmentedColormap.from_list("two classes", colors))  # fmt: skip
    if score.min() < level < score.max():
        axes.contour(a, b, score, [level], colors="black", linewidths=1.5, linestyles="solid")


def _shade_classes(axes: Any, a: Array, b: Array, scores: Array) -> None:
    """The colour of each class where its score is the greatest; black where two are alike."""
    for i in range(scores.shape[-1]):
        others = np.delete(scores, i, axis=-1).max(axis=-1, initial=-np.inf)
        lead = np.where(np.isinf(others), 1.0, scores[..., i] - others)
        axes.contourf(a, b, lead, [0, np.inf], colors=[_lighter(COLORS[i % len(COLORS)])])
        if lead.min() < 0 < lead.max():
            axes.contour(a, b, lead, [0], colors="black", linewidths=1)


def _scatter(axes: Any, data: Array, given: NDArray[Any] | None, classes: NDArray[Any]) -> None:
    if given is None:
        axes.scatter(*data.T, s=18, color="#5a5a5a", edgecolor="white", linewidth=0.5)
        return
    if len(given) != len(data):
        raise ValueError(f"plot_decision_boundary: expected a class for each of {len(data)} points, got {len(given)}; "
                         "give as many")  # fmt: skip
    for i, name in enumerate(classes):
        axes.scatter(*data[given == name].T, s=22, color=COLORS[i % len(COLORS)], marker=_MARKERS[i % len(_MARKERS)],
                     edgecolor="white", linewidth=0.5, label=f"class {name}")  # fmt: skip
    axes.legend()


def plot_line(
    weights: Sequence[float],
    bias: float = 0.0,
    *,
    data: ArrayLike | None = None,
    extent: Extent = ((-4.0, 4.0), (-4.0, 4.0)),
    sides: tuple[str, str] = ("z < 0\nŷ < 0.5", "z > 0\nŷ > 0.5"),
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """The line bias + w₁x₁ + w₂x₂ = 0 at which one neuron changes its mind, and the half planes beside it.

    Parameters
    ----------
    weights, bias
        w₁ and w₂, and w₀.
    data
        Points (n, 2) to draw, with their coordinates.
    extent
        From where to where either feature is shown.
    sides
        What is written on the half planes where z is below and above 0.
    title
        Above it; None for the equation.
    ax
        Axes to draw on.

    Examples
    --------
    >>> figure = plot_line((3, -2), 1, data=[[-1, 2]])
    >>> figure.axes[0].get_title()
    '1 + 3x₁ − 2x₂ = 0'
    """
    w = [number("plot_line: weights", weight) for weight in np.atleast_1d(np.asarray(weights)).tolist()]
    bias = number("plot_line: bias", bias)
    if len(w) != 2 or not any(w):
        raise ValueError(f"plot_line: expected two weights, not both 0, got {weights!r}; a line of the plane has them")
    shown = None if data is None else points("plot_line", data)
    figure, (axes,) = panels("plot_line", ax)
    a, b = np.meshgrid(*(np.linspace(low, high, 41) for low, high in _corners("plot_line", extent)))
    z = bias + w[0] * a + w[1] * b
    axes.contourf(a, b, z, [-np.inf, 0, np.inf], colors=[_lighter(COLORS[0]), _lighter(COLORS[1])])
    axes.contour(a, b, z, [0], colors="black", linewidths=2)
    for text, side in zip(sides, (z < 0, z > 0)):
        if side.any():
            axes.text(a[side].mean(), b[side].mean(), text, ha="center", va="center", fontsize="large")
    for x1, x2 in () if shown is None else shown:
        axes.plot(x1, x2, "o", color=COLORS[7])
        axes.annotate(f"({x1:g}, {x2:g})".replace("-", "−"), (x1, x2), (6, 6), textcoords="offset points")
    axes.set(xlim=extent[0], ylim=extent[1])
    label(axes, _equation(bias, w) if title is None else title, "x₁", "x₂")
    return figure


def _equation(bias: float, weights: Sequence[float]) -> str:
    """``1 + 3x₁ − 2x₂ = 0``: no term that is 0, no factor that is 1."""
    terms = [(bias, "")] + list(zip(weights, ("x₁", "x₂")))
    text = ""
    for factor, name in terms:
        if factor:
            size = "" if name and abs(factor) == 1 else f"{abs(factor):g}"
            sign = ("−" if factor < 0 else "") if not text else (" − " if factor < 0 else " + ")
            text += sign + size + name
    return f"{text} = 0"


def plot_landscape(
    landscape: str | Landscape,
    paths: Mapping[str, ArrayLike] | None = None,
    *,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """A cost landscape: contours if it has two parameters, a curve if one; and paths down it.

    Parameters
    ----------
    landscape
        One of `LANDSCAPES` by name, or a `Landscape`.
    paths
        By name, arrays (points, parameters), as `descend` returns them.
    title
        Above it; None for the landscape's.
    ax
        Axes to draw on.

    Examples
    --------
    >>> from fastmlp.visual import descend
    >>> figure = plot_landscape("bowl", {name: descend("bowl", optimizer=name) for name in ("gd", "adam")})
    """
    place = find_landscape("plot_landscape", landscape)
    size = len(place.extent)
    if size not in (1, 2):
        raise ValueError(f"plot_landscape: expected a landscape of one or two parameters, got {size}; fix the others")
    given = by_name("plot_landscape", "paths", paths or {})
    drawn = {name: np.asarray(path, np.float64) for name, path in given.items()}
    for name, path in drawn.items():
        if path.ndim != 2 or path.shape[1] != size or not len(path):
            raise ValueError(f"plot_landscape: expected a path (points, {size}) for {name!r}, got {brief(path)}; "
                             "descend makes one")  # fmt: skip
    figure, (axes,) = panels("plot_landscape", ax, size=(6.4, 5.4) if size == 2 else (5.6, 4.2))
    (_draw_contours if size == 2 else _draw_curve)(axes, place)
    for i, (name, path) in enumerate(drawn.items()):
        seen = path[np.isfinite(path).all(axis=1) & (np.abs(path) < 1e6).all(axis=1)]
        heights = seen[:, 1] if size == 2 else place.cost(seen.T)
        marks = {"marker": "o", "markersize": 4} if size == 1 else {}
        axes.plot(seen[:, 0], heights, label=name, **style(i), **marks)
        axes.plot(
            seen[-1:, 0], heights[-1:], _MARKERS[i % len(_MARKERS)], color=style(i)["color"], markeredgecolor="white"
        )
        axes.plot(seen[:1, 0], heights[:1], "o", color="#e02020", markeredgecolor="white", markersize=8, zorder=4)
    if drawn:
        axes.legend()
    label(axes, place.title if title is None else title)
    return figure


def _draw_contours(axes: Any, place: Landscape) -> None:
    """Levels at quantiles of the cost: the bands cover alike much, however steep the landscape."""
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap

    a, b = np.meshgrid(*(np.linspace(low, high, 201) for low, high in place.extent))
    cost = place.cost(np.stack([a, b]))
    levels = np.unique(np.quantile(cost, [0, 0.004, 0.02, *np.linspace(0.05, 1, 14)]))
    shades = LinearSegmentedColormap.from_list("heights", ["#97b2d5", "#f7f8fb"])
    axes.contourf(a, b, cost, levels, cmap=shades, norm=BoundaryNorm(levels, 256))
    axes.contour(a, b, cost, levels, colors="#284268", linewidths=0.6, alpha=0.5, linestyles="solid")
    axes.set(xlim=place.extent[0], ylim=place.extent[1], xlabel="w₁", ylabel="w₂")


def _draw_curve(axes: Any, place: Landscape) -> None:
    w = np.linspace(*place.extent[0], 401)
    cost = place.cost(w[None])
    room = 0.08 * (cost.max() - cost.min() or 1)
    axes.plot(w, cost, color="#5a5a5a", linewidth=1)
    axes.set(xlim=place.extent[0], ylim=(cost.min() - room, cost.max() + room), xlabel="w", ylabel="J(w)")
    axes.grid(alpha=0.3)


def _corners(where: str, extent: Any) -> Any:
    """The two ranges of a part of the plane."""
    if np.shape(extent) != (2, 2):
        raise ValueError(f"{where}: expected extent of two ranges, got {brief(extent)}; ((-1, 1), (-1, 1)), for one")
    return extent
