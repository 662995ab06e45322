"""gradcheck: the gradients that a tape gives, beside differences of the loss."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastmlp import random
from fastmlp._validate import brief, number, whole
from fastmlp.autodiff import GradientTape
from fastmlp.layers.calls import leaves
from fastmlp.models.gradient_report import CheckedGradient, GradientReport
from fastmlp.models.repeatable import RepeatableLoss

_POINTS = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))  # steps, and weights of a difference of order 4
_FINER = 1 / 32  # a second look where the first may have stepped over a bend
_TOLERANCE = {"float64": 1e-5, "float32": 2e-2}


def gradcheck(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Any = None,
    sample_weight: Any = None,
    training: bool = True,
    inputs: bool = False,
    samples: int = 20,
    tolerance: float | None = None,
    seed: int = 0,
    raise_exception: bool = False,
) -> GradientReport:
    """Whether the gradients of a model, a layer or a function are right, looked up by differences of its loss.

    All is computed in float64, whatever the weights are kept in, and each time with the same random numbers. Weights,
    states and seeds are afterwards as they were. A compiled model that trains as a program in C has the gradients of
    that program compared with those of the tape, too, unless it draws noise or has constraints.

    Parameters
    ----------
    model
        A model, a layer, or a function of tensors; ``f(*x)`` where x is a tuple or a list. The loss of a function
        that gives several numbers, or of a layer without `loss`, is a weighted sum of them.
    x, y
        Rows and targets; a few will do.
    loss
        A loss or its name; that of compile unless given. What layers and regularizers add is part of it.
    sample_weight
        As `fit` takes it.
    training
        Whether layers run as in training.
    inputs
        Whether gradients with respect to x are looked at, too.
    samples
        Of a larger variable so many numbers are looked at, its greatest gradient among them.
    tolerance
        The relative error that is still right: 1e-5 unless given, 2e-2 where something computes in float32.
    seed
        Of all random numbers: which numbers are looked at, and what noise there is.
    raise_exception
        Whether to raise ValueError if a gradient is wrong.

    Examples
    --------
    >>> import fastmlp
    >>> report = gradcheck(lambda x: x**3, [1.0, 2.0], inputs=True)
    >>> bool(report), report.gradients[0].name
    (True, 'x')
    """
    samples = whole("gradcheck: samples", samples, 1)
    if tolerance is not None:
        number("gradcheck: tolerance", tolerance, above=0)
    if not callable(model):
        raise TypeError(f"gradcheck: expected a model, a layer or a function, got {brief(model)}; give one")
    price = RepeatableLoss(model, x, y, loss, sample_weight, training, seed)
    with price.in_double():
        report = _checked(price, inputs, samples, tolerance)
    if raise_exception and not report:
        raise ValueError(f"gradcheck: expected gradients equal to differences, got\n{report}\nlook at the operations "
                         "these variables go through, custom gradients first")  # fmt: skip
    return report


# ---- the check


def _checked(price: RepeatableLoss, inputs: bool, samples: int, tolerance: float | None) -> GradientReport:
    targets = price.learnt
    names = [v.path for v in targets]
    if inputs:
        given = [one for one in leaves(price.x) if one.dtype.kind == "f"]
        targets = [*targets, *given]
        names += ["x"] if len(given) == 1 else [f"x[{i}]" for i in range(len(given))]
    with GradientTape() as tape:
        tape.watch(targets)
        loss = price.tensor(price.x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the report says where there is none
        found = tape.gradient(loss, targets)
    price.put_back()
    value, dtype = float(loss), "float64" if loss.dtype == np.float64 else "float32"
    if price.number(price.x) != value:
        raise ValueError("gradcheck: expected the same loss each time, got two of them; draw random numbers by "
                         "fastmlp.random, or give seeds")  # fmt: skip
    limit = _TOLERANCE[dtype] if tolerance is None else float(tolerance)
    judge = _Judge(price, value, limit, dtype, found)
    entries = [judge.entry(*one, samples) for one in zip(names, targets, found)]
    in_c = price.in_c() or {}
    for i, (target, g) in enumerate(zip(targets, found)):
        if id(target) in in_c:
            entries[i] = replace(entries[i], error_in_c=judge.distance(g, in_c[id(target)]))
    return GradientReport(entries, limit, dtype, value)


class _Judge:
    """Compares gradients with differences; what is too small beside the largest is compared with that."""

    def __init__(self, price: RepeatableLoss, value: float, limit: float, dtype: str, found: Sequence[Any]) -> None:
        self.price, self.value, self.limit = price, value, limit
        self.step = float(np.finfo(dtype).eps) ** 0.2
        self.least = 1e-5 * max(
            1e-3, abs(value), *(float(np.abs(g.array).max(initial=0)) for g in found if g is not None)
        )

    def distance(self, g: Any, other: np.ndarray) -> float:
        """How far the tape's gradient and that of the program are from one another, beside the larger."""
        gradient = np.zeros(other.shape) if g is None else g.array
        size = max(np.abs(gradient).max(initial=0), np.abs(other).max(initial=0), self.least)
        distance = float(np.abs(gradient - other).max(initial=0) / size)
        return distance if np.isfinite(distance) else np.inf

    def entry(self, name: str, target: Any, g: Any, samples: int) -> CheckedGradient:
        """What there is to say of one variable."""
        gradient = np.zeros(target.size) if g is None else g.array.reshape(-1).astype(np.float64)
        at, worst, corners = 0, (-1.0, 0.0, 0.0), 0
        places = self._places(gradient, samples)
        for place in places:
            seen = self._look(target, place, float(gradient[place]))
            if seen is None:
                corners += 1
            elif seen[0] > worst[0]:
                at, worst = place, seen
        where = tuple(int(i) for i in np.unravel_index(at, target.shape)) if places else ()
        return CheckedGradient(name, tuple(target.shape), len(places), corners, max(worst[0], 0.0), where, worst[1],
                               worst[2], g is not None)  # fmt: skip

    def _places(self, gradient: np.ndarray, samples: int) -> list[int]:
        if gradient.size <= samples:
            return list(range(gradient.size))
        chosen = random.shuffle(np.arange(gradient.size), seed=self.price.seed)[:samples]
        largest = np.abs(gradient).argmax()
        if largest not in chosen:
            chosen[-1] = largest
        return sorted(int(i) for i in chosen)

    def _look(self, target: Any, place: int, g: float) -> tuple[float, float, float] | None:
        """The error, the gradient and the difference; None where the loss has a corner, and the gradient lies in it."""
        number = float(np.asarray(target).reshape(-1)[place])
        h = self.step * max(1.0, abs(number))
        found = self._compared(target, place, g, h)
        if found[0] <= self.limit:
            return found
        finer = self._compared(target, place, g, h * _FINER)
        if finer[0] <= self.limit or self._is_corner(target, place, g, h):
            return finer if finer[0] <= self.limit else None
        return min(found, finer)

    def _compared(self, target: Any, place: int, g: float, h: float) -> tuple[float, float, float]:
        difference = sum(weight * self._moved(target, place, step * h) for step, weight in _POINTS) / h
        error = abs(g - difference) / max(abs(g), abs(difference), self.least)
        return (error if np.isfinite(error) else np.inf), g, difference

    def _is_corner(self, target: Any, place: int, g: float, h: float) -> bool:
        """Whether slopes on either side differ, however near."""
        gaps = []
        for step in (h, h * _FINER):
            left = (self.value - self._moved(target, place, -step)) / step
            right = (self._moved(target, place, step) - self.value) / step
            gaps.append(abs(right - left))
        slack = self.limit * max(abs(left), abs(right), self.least)
        inside = min(left, right) - slack <= g <= max(left, right) + slack
        return bool(inside and gaps[1] > slack and gaps[1] > 0.5 * gaps[0])

    def _moved(self, target: Any, place: int, step: float) -> float:
        return self.price.moved(target, place, step)
