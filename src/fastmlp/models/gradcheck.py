"""gradcheck: the gradients that a tape gives, beside differences of the loss."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmlp import config, eager, losses, random
from fastmlp._validate import brief, whole
from fastmlp.autodiff import GradientTape, Tensor, shapes
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.reading import READ
from fastmlp.autodiff.tensor import listening
from fastmlp.layers.base import Layer
from fastmlp.layers.calls import leaves, mapped
from fastmlp.models.gradient_report import CheckedGradient, GradientReport
from fastmlp.models.model import Model
from fastmlp.variables import Variable

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
    states and seeds are afterwards as they were.

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
    if not callable(model):
        raise TypeError(f"gradcheck: expected a model, a layer or a function, got {brief(model)}; give one")
    price = _Price(model, x, y, loss, sample_weight, training, seed)
    with price.in_double():
        report = _checked(price, inputs, samples, tolerance)
    if raise_exception and not report:
        raise ValueError(f"gradcheck: expected gradients equal to differences, got\n{report}\nlook at the operations "
                         "these variables go through, custom gradients first")  # fmt: skip
    return report


class _Watcher:
    """Listens for the variables that are read."""

    def __init__(self) -> None:
        self.read: dict[int, Variable] = {}

    def note(self, record: Any) -> None:
        if record.primitive is READ:
            self.read[id(record.inputs[0])] = record.inputs[0]

    def looked(self, tensor: Any) -> None:
        pass


class _Price:
    """The loss as a function of variables and inputs: the same for the same, however often it is asked for."""

    def __init__(self, model: Any, x: Any, y: Any, loss: Any, weights: Any, training: bool, seed: int) -> None:
        self.model, self.loss, self.training, self.seed = model, losses.as_loss(loss), training, seed
        self.x, self.y, self.weights = mapped(as_tensor, x), y, weights
        self.variables = self._first_look()
        self.kept = {id(v): v.numpy() for v in self.variables}

    def _first_look(self) -> list[Variable]:
        """The variables, those that are built now with the seeds that are next anyway."""
        held = self.model.variables if isinstance(self.model, Layer) else []
        before, count, counts = [(v, v.numpy()) for v in held], random._everyone._count, _counts(self.model)
        watcher = _Watcher()
        with listening(watcher), eager.step_of(self.seed % 2**64, 0):
            self._outputs(self.x)
        found = {id(v): v for v in (*(self.model.variables if held or isinstance(self.model, Layer) else []),
                                    *watcher.read.values())}  # fmt: skip
        if len(found) == len(held) or not isinstance(self.model, Layer):
            random._everyone._count = count
        for variable, value in before:
            variable.assign(value)
        for generator, drawn in counts:
            generator._count = drawn
        return [v for v in found.values() if v.dtype.kind == "f"]

    @property
    def learnt(self) -> list[Variable]:
        """The variables whose gradients are looked at."""
        return self.model.trainable_variables if isinstance(self.model, Layer) else [
            v for v in self.variables if v.trainable
        ]  # fmt: skip

    @contextmanager
    def in_double(self) -> Iterator[None]:
        """Within, all is float64; afterwards it is as it was."""
        layers = list(_all_layers(self.model))
        before = config.floatx(), [layer._policy for layer in layers], [(v.dtype, v.numpy()) for v in self.variables]
        criterion = self._criterion()
        dtype = getattr(criterion, "dtype", None)
        try:
            config.set_floatx("float64")
            for layer in layers:
                layer._policy = config.DTypePolicy("float64")
            if criterion is not None:
                criterion.dtype = "float64"
            for variable in self.variables:
                variable.dtype = np.dtype(np.float64)
                variable.assign(variable.numpy())
            self.kept = {id(v): v.numpy() for v in self.variables}
            self.x = mapped(_double, self.x)
            self.y = None if self.y is None else mapped(_double, self.y)
            yield
        finally:
            config.set_floatx(before[0])
            for layer, policy in zip(layers, before[1]):
                layer._policy = policy
            if criterion is not None:
                criterion.dtype = dtype
            for variable, (kind, value) in zip(self.variables, before[2]):
                variable.dtype = kind
                variable.assign(value)
            if isinstance(self.model, Layer):
                self.model.clear_losses()

    def _criterion(self) -> Any:
        if self.loss is not None or not isinstance(self.model, Model) or self.model._compiled is None:
            return self.loss
        return self.model._compiled.loss

    @contextmanager
    def _as_before(self) -> Iterator[None]:
        """Within, random numbers are those of every time; afterwards the next are those they would have been."""
        everyone, counts = random._everyone, _counts(self.model)
        random._everyone = random.SeedGenerator(self.seed)
        try:
            with eager.step_of(self.seed % 2**64, 0):
                yield
        finally:
            random._everyone = everyone
            for generator, count in counts:
                generator._count = count

    def _outputs(self, x: Any) -> Any:
        if isinstance(self.model, Layer):
            return self.model(x, training=self.training)
        return self.model(*x) if isinstance(x, (tuple, list)) else self.model(x)

    def tensor(self, x: Any) -> Any:
        """The loss, a tensor of one number."""
        with self._as_before():
            outputs = self._outputs(x)
            if isinstance(self.model, Model) and self.loss is None and self._criterion() is not None:
                return self.model.compute_loss(x, self.y, outputs, self.weights, self.training)
            extra = list(self.model.losses) if isinstance(self.model, Layer) else []
            if self.loss is not None:
                return _total([self.loss(self.y, outputs, self.weights), *extra])
            return _total([*(_weighted(one, i) for i, one in enumerate(leaves(outputs))), *extra])

    def number(self, x: Any) -> float:
        """The loss; afterwards all variables are as they were."""
        try:
            with listening(_Watcher()):  # so that a model goes through its layers, and not through its program
                return float(self.tensor(x).array)
        finally:
            self.put_back()

    def moved(self, target: Any, at: int, step: float) -> float:
        """The loss with one number of a variable, or of an input, moved a step."""
        array = np.array(self.kept[id(target)] if isinstance(target, Variable) else target.array)
        array.reshape(-1)[at] += step
        if not isinstance(target, Variable):
            return self.number(mapped(lambda one: Tensor(array) if one is target else one, self.x))
        target.assign(array)
        return self.number(self.x)

    def put_back(self) -> None:
        """All variables as they were at the start."""
        for variable in self.variables:
            variable.assign(self.kept[id(variable)])


def _double(value: Any) -> Any:
    tensor = as_tensor(value)
    return as_tensor(tensor, np.float64) if tensor.dtype.kind == "f" else tensor


def _all_layers(model: Any) -> Iterator[Any]:
    if isinstance(model, Layer):
        yield model
        for inner in model.inner_layers():
            yield from _all_layers(inner)


def _counts(model: Any) -> list[tuple[random.SeedGenerator, int]]:
    """How many seeds the generators that layers keep as attributes have handed out."""
    held = [value for layer in _all_layers(model) for value in vars(layer).values()]
    return [(value, value._count) for value in held if isinstance(value, random.SeedGenerator)]


def _weighted(output: Any, number: int) -> Any:
    """Outputs as one number, in which each counts differently; one by itself stays."""
    tensor = as_tensor(output)
    if tensor.size == 1:
        return shapes.reshape(tensor, ())
    return shapes.sum(tensor * np.cos(np.arange(tensor.size) + number + 1.0).reshape(tensor.shape))


def _total(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


# ---- the check


def _checked(price: _Price, inputs: bool, samples: int, tolerance: float | None) -> GradientReport:
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
    return GradientReport([judge.entry(*one, samples) for one in zip(names, targets, found)], limit, dtype, value)


class _Judge:
    """Compares gradients with differences; what is too small beside the largest is compared with that."""

    def __init__(self, price: _Price, value: float, limit: float, dtype: str, found: Sequence[Any]) -> None:
        self.price, self.value, self.limit = price, value, limit
        self.step = float(np.finfo(dtype).eps) ** 0.2
        self.least = 1e-5 * max(
            1e-3, abs(value), *(float(np.abs(g.array).max(initial=0)) for g in found if g is not None)
        )

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
