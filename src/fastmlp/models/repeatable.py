"""A loss that can be asked for over and over: the same for the same weights, and nothing is changed by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmlp import config, eager, losses, random
from fastmlp.autodiff import Tensor, shapes
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.reading import READ
from fastmlp.autodiff.tensor import listening
from fastmlp.layers.base import Layer
from fastmlp.layers.calls import leaves, mapped
from fastmlp.models.model import Model
from fastmlp.models.program_gradients import program_gradients
from fastmlp.variables import Variable


class _Watcher:
    """Listens for the variables that are read, and keeps what they held at first."""

    def __init__(self, known: Sequence[Variable] = ()) -> None:
        self.read = {id(v): (v, v.numpy()) for v in known}

    def note(self, record: Any) -> None:
        if record.primitive is READ:
            self.read.setdefault(id(record.inputs[0]), (record.inputs[0], record.output.array))

    def looked(self, tensor: Any) -> None:
        pass


class RepeatableLoss:
    """The loss as a function of variables and inputs: the same for the same, however often it is asked for."""

    def __init__(self, model: Any, x: Any, y: Any, loss: Any, weights: Any, training: bool, seed: int) -> None:
        self.model, self.loss, self.training, self.seed = model, losses.as_loss(loss), training, seed
        self.x, self.y, self.weights = mapped(as_tensor, x), y, weights
        self.variables = self._first_look()
        self.kept = {id(v): v.numpy() for v in self.variables}

    def _first_look(self) -> list[Variable]:
        """All variables. Layers are built if they are not, with the seeds that are next; all else stays."""
        held = self._held()
        watcher, count, counts = _Watcher(held), random._everyone._count, _counts(self.model)
        with listening(watcher), eager.step_of(self.seed % 2**64, 0):
            self._outputs(self.x, training=False)
        if len(self._held()) == len(held):
            random._everyone._count = count
        for generator, drawn in counts:
            generator._count = drawn
        for variable, value in watcher.read.values():
            variable.assign(value)
        return list({id(v): v for v in (*self._held(), *(v for v, _ in watcher.read.values()))}.values())

    def _held(self) -> list[Variable]:
        return list(self.model.variables) if isinstance(self.model, Layer) else []

    @property
    def learnt(self) -> list[Variable]:
        """The variables whose gradients are looked at."""
        if isinstance(self.model, Layer):
            return list(self.model.trainable_variables)
        return [v for v in self.variables if v.trainable and v.dtype.kind == "f"]

    @contextmanager
    def in_double(self) -> Iterator[None]:
        """Within, all is float64; afterwards it is as it was."""
        layers = list(_all_layers(self.model))
        before = config.floatx(), [layer._policy for layer in layers], [(v.dtype, v.numpy()) for v in self.variables]
        criterion = self._criterion() if isinstance(self._criterion(), losses.Loss) else None
        dtype = getattr(criterion, "dtype", None)
        try:
            config.set_floatx("float64")
            for layer in layers:
                layer._policy = config.DTypePolicy("float64")
            if criterion is not None:
                criterion.dtype = "float64"
            for variable in self.variables:
                if variable.dtype.kind == "f":
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
        counts = _counts(self.model)
        try:
            with random.seeds_from(random.SeedGenerator(self.seed)), eager.step_of(self.seed % 2**64, 0):
                yield
        finally:
            for generator, count in counts:
                generator._count = count

    def _outputs(self, x: Any, training: bool) -> Any:
        if isinstance(self.model, Layer):
            return self.model(x, training=training)
        return self.model(*x) if isinstance(x, (tuple, list)) else self.model(x)

    def tensor(self, x: Any) -> Any:
        """The loss, a tensor of one number."""
        with self._as_before():
            outputs = self._outputs(x, self.training)
            if isinstance(self.model, Model) and self.loss is None and self._criterion() is not None:
                return self.model.compute_loss(x, self.y, outputs, self.weights, self.training)
            extra = list(self.model.losses) if isinstance(self.model, Layer) else []
            if self.loss is not None:
                return _total([self.loss(self.y, outputs, self.weights), *extra])
            return _total([*(_weighted(one, i) for i, one in enumerate(leaves(outputs))), *extra])

    def in_c(self) -> dict[int, np.ndarray] | None:
        """The gradients of the program that `fit` would run, by the ids of variables; None without one."""
        compiled = self.loss is None and isinstance(self._criterion(), losses.Loss)
        if not compiled or not self.training or not isinstance(self.x, Tensor):
            return None
        return program_gradients(self.model, self.x.array, np.asarray(self.y), self.weights, self.seed)

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
    return [(one, one._count) for one in model.generators()] if isinstance(model, Layer) else []


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
