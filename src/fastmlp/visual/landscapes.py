"""Cost landscapes J(w) with gradients written out, and the paths that optimizers take down them.

The landscapes are those of the page (`landscape.html`), whose JavaScript makes the same paths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp._validate import brief, number, unknown, whole
from fastmlp.optimizers import SGD, Adam, Momentum, Optimizer, RMSprop
from fastmlp.schedules import InverseEpochDecay
from fastmlp.variables import Variable

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Landscape:
    """A cost of some parameters, and its gradient.

    Parameters
    ----------
    name, title, formula
        How it is found, headed and written.
    cost
        J of an array (parameters, …), one number for each point: w[0] are the first parameters of all points.
    gradient
        ∂J/∂w, an array like w.
    extent
        From where to where each parameter is shown.
    start
        Where a descent begins if nobody says.

    Examples
    --------
    >>> parabola = Landscape("parabola", "A parabola", "w²", lambda w: w[0] ** 2, lambda w: 2 * w, ((-11, 11),), (10,))
    >>> descend(parabola, steps=2, learning_rate=0.05).tolist()
    [[10.0], [9.0], [8.1]]
    """

    name: str
    title: str
    formula: str
    cost: Callable[[Array], Any]
    gradient: Callable[[Array], ArrayLike]
    extent: Sequence[tuple[float, float]]
    start: Sequence[float]


# Sums, products and quotients alone, in the order in which the page takes them too: so both round alike.


def _bowl(w: Array) -> Any:
    a, b = w
    return a * a + b * b


def _bowl_gradient(w: Array) -> ArrayLike:
    a, b = w
    return [2 * a, 2 * b]


def _stretched(w: Array) -> Any:
    a, b = w
    return a * a + 40 * b * b


def _stretched_gradient(w: Array) -> ArrayLike:
    a, b = w
    return [2 * a, 80 * b]


def _saddle(w: Array) -> Any:
    a, b = w
    return a * a - b * b + b * b * b * b / 4


def _saddle_gradient(w: Array) -> ArrayLike:
    a, b = w
    return [2 * a, b * b * b - 2 * b]


def _rosenbrock(w: Array) -> Any:
    a, b = w
    off = b - a * a  # how far from the valley's floor
    return (1 - a) * (1 - a) + 10 * off * off


def _rosenbrock_gradient(w: Array) -> ArrayLike:
    a, b = w
    off = b - a * a
    return [2 * (a - 1) - 40 * a * off, 20 * off]


def _beale_terms(a: Any, b: Any) -> tuple[Any, Any, Any]:
    return 1.5 - a + a * b, 2.25 - a + a * b * b, 2.625 - a + a * b * b * b


def _beale(w: Array) -> Any:
    p, q, r = _beale_terms(*w)
    return p * p + q * q + r * r


def _beale_gradient(w: Array) -> ArrayLike:
    a, b = w
    p, q, r = _beale_terms(a, b)
    return [
        2 * (p * (b - 1) + q * (b * b - 1) + r * (b * b * b - 1)),
        2 * a * (p + 2 * q * b + 3 * r * b * b),
    ]


def _well(a: Any, b: Any, middle: float) -> Any:
    """1 at a = b = middle, 0 far away."""
    return 1 / (1 + (a - middle) * (a - middle) + (b - middle) * (b - middle))


def _two_minima(w: Array) -> Any:
    a, b = w
    deep, shallow = _well(a, b, 1), _well(a, b, -1)
    return -12 * deep - 8 * shallow


def _two_minima_gradient(w: Array) -> ArrayLike:
    a, b = w
    deep, shallow = _well(a, b, 1), _well(a, b, -1)
    return [24 * deep * deep * (x - 1) + 16 * shallow * shallow * (x + 1) for x in (a, b)]


def _plateau(w: Array) -> Any:
    a, b = w
    well = _well(a, b, 0)
    return 2 - 2 * well * well * well


def _plateau_gradient(w: Array) -> ArrayLike:
    a, b = w
    well = _well(a, b, 0)
    slope = 12 * well * well * well * well
    return [slope * a, slope * b]


_SQUARE = ((-3.0, 3.0), (-3.0, 3.0))

LANDSCAPES = {
    landscape.name: landscape
    for landscape in (
        Landscape("bowl", "Bowl", "w₁² + w₂²", _bowl, _bowl_gradient, _SQUARE, (-2.4, 1.8)),
        Landscape("stretched", "Stretched bowl", "w₁² + 40 w₂²", _stretched, _stretched_gradient, _SQUARE, (-2.6, 2.0)),
        Landscape("saddle", "Saddle", "w₁² − w₂² + ¼ w₂⁴", _saddle, _saddle_gradient, _SQUARE, (-2.4, 0.05)),
        Landscape(
            "rosenbrock", "Rosenbrock's curved valley", "(1 − w₁)² + 10 (w₂ − w₁²)²",
            _rosenbrock, _rosenbrock_gradient, ((-2.0, 2.0), (-1.0, 3.0)), (-0.5, 2.5),
        ),
        Landscape(
            "beale", "Beale's ravines", "(1.5 − w₁ + w₁w₂)² + (2.25 − w₁ + w₁w₂²)² + (2.625 − w₁ + w₁w₂³)²",
            _beale, _beale_gradient, ((-4.5, 4.5), (-4.5, 4.5)), (1.0, 1.6),
        ),
        Landscape(
            "two-minima", "Two minima", "−12 / (1 + (w₁−1)² + (w₂−1)²) − 8 / (1 + (w₁+1)² + (w₂+1)²)",
            _two_minima, _two_minima_gradient, _SQUARE, (-1.8, 1.4),
        ),
        Landscape(
            "plateau", "Plateau", "2 − 2 / (1 + w₁² + w₂²)³", _plateau, _plateau_gradient, _SQUARE, (-1.7, 1.5)
        ),
    )
}  # fmt: skip

# The forms of the lectures, all with ε = 1e-8 outside the root; each takes a learning rate or a schedule.
DESCENTS: dict[str, Callable[[Any], Optimizer]] = {
    "gd": lambda rate: SGD(rate),
    "momentum": lambda rate: Momentum(rate, beta=0.9),
    "rmsprop": lambda rate: RMSprop(rate, rho=0.9, epsilon=1e-8, epsilon_mode="paper"),
    "adam": lambda rate: Adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8, epsilon_mode="paper"),
}


def find_landscape(where: str, landscape: str | Landscape) -> Landscape:
    """The landscape meant by a name or itself."""
    if isinstance(landscape, Landscape):
        return landscape
    if landscape not in LANDSCAPES:
        unknown(f"{where}: landscape", landscape, LANDSCAPES)
    return LANDSCAPES[landscape]


def descend(
    landscape: str | Landscape,
    start: ArrayLike | None = None,
    optimizer: str | Optimizer = "gd",
    steps: int = 3000,
    learning_rate: float | None = None,
    decay: float | None = None,
) -> Array:
    """The path of an optimizer down a landscape: an array (steps + 1, parameters) in float64, from the start.

    Parameters
    ----------
    landscape
        One of `LANDSCAPES` by name, or a `Landscape` of your own.
    start
        The first point; None for the landscape's.
    optimizer
        ``"gd"``, ``"momentum"``, ``"rmsprop"``, ``"adam"`` (β = 0.9, β₂ = 0.999, in the forms of the lectures: momentum
        is an average of gradients, ε = 1e-8 stands outside the root, Adam has both corrections), or one of
        fastmlp's optimizers that has made no step, with a learning rate of its own.
    steps
        How many.
    learning_rate, decay
        η₀ and d: step t = 1, 2, … takes η₀ / (1 + d·t). By default 0.001 and 0.

    Examples
    --------
    >>> descend("bowl", (1.0, 0.0), steps=2, learning_rate=0.25).tolist()
    [[1.0, 0.0], [0.5, 0.0], [0.25, 0.0]]
    """
    place = find_landscape("descend", landscape)
    at = np.array(place.start if start is None else start, np.float64)
    if at.shape != (len(place.extent),):
        raise ValueError(f"descend: expected a start of {len(place.extent)} numbers, got {brief(at)}; the landscape "
                         f"'{place.name}' has as many parameters")  # fmt: skip
    chosen = _optimizer(optimizer, learning_rate, decay)
    w = Variable(at, name="w")
    path = np.empty((whole("descend: steps", steps, 0) + 1, at.size))
    path[0] = at
    with np.errstate(over="ignore", invalid="ignore"):  # a rate that is too high leads to infinity, and may
        for t in range(1, len(path)):
            chosen.apply_gradients([(np.asarray(place.gradient(path[t - 1]), np.float64), w)])
            path[t] = w.numpy()
    return path


def _optimizer(optimizer: str | Optimizer, learning_rate: float | None, decay: float | None) -> Optimizer:
    if isinstance(optimizer, Optimizer):
        if learning_rate is not None or decay is not None:
            raise ValueError("descend: expected learning_rate and decay with the name of an optimizer, got them with "
                             f"{brief(optimizer)}; make it with that learning rate, or a schedule")  # fmt: skip
        if optimizer.iterations:
            raise ValueError(f"descend: expected an optimizer that has made no step, got one after "
                             f"{optimizer.iterations}; make a new one")  # fmt: skip
        return optimizer
    if optimizer not in DESCENTS:
        unknown("descend: optimizer", optimizer, DESCENTS)
    rate = number("descend: learning_rate", 0.001 if learning_rate is None else learning_rate, 0)
    fall = number("descend: decay", 0.0 if decay is None else decay, 0)
    return DESCENTS[optimizer](InverseEpochDecay(rate, fall, steps_per_epoch=1))
