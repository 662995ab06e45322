"""Program: layers lowered into one network of the engine, and their variables kept in step with it."""

from __future__ import annotations

import gc
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp import _core, random
from fastmlp._objects import need_as_it_is
from fastmlp.lowering import STEP, Lowered, Place, lower
from fastmlp.variables import Variable

_STILL: tuple[Any, ...] = ("sgd", (), 0.0, {})  # of networks that are not trained: it keeps nothing
_MADE, _made = 256 << 20, 0  # bytes of networks between two looks for unused ones, and since the last
_NEVER = 1 << 62  # steps
_CALLS = 1 << 62  # where the count of calls in training begins: no step is numbered so


def dtype_of(layers: Sequence[Any]) -> str:
    """The one type that all layers compute in: that of their weights or, without any, the one the last asks for."""
    found = {v.path: v.dtype.name for layer in layers for v in layer.weights if v.dtype.kind == "f"}
    kinds = set(found.values()) or {layers[-1].variable_dtype}
    if len(kinds) > 1:
        raise ValueError(f"model: expected weights of one type, got {found}; give each layer the same dtype, or call "
                         "fastmlp.config.set_floatx before making them")  # fmt: skip
    return str(kinds.pop())


def _collect_after(size: int) -> None:
    """Look for networks that nobody uses, now and then.

    A network and the variables it holds know each other, so it takes the garbage collector to free them; that counts
    objects, and a hundred models that came and went are few.
    """
    global _made
    _made += size
    if _made > _MADE:
        gc.collect()
        _made = 0


class Program:
    """Built layers as one network.

    Before it runs, variables that changed elsewhere are written into the network. Before it trains, the network becomes
    where they are read: however training ends, by an exception or Ctrl-C too, they are those of the last whole step.

    Parameters
    ----------
    layers
        Built, in order.
    loss, optimizer
        None for a network that only predicts.
    batch
        The most rows of a step.
    shows
        Whether metrics will look at predictions.
    seed
        Of noise, where a layer has none of its own.
    learns
        False: no layer does, whatever it says itself.
    sparse
        Whether rows come as matrices of SciPy's (CSR). Arrays are then taken by their numbers that are not zero.
    """

    taped = False

    def __init__(
        self,
        layers: Sequence[Any],
        loss: Any = None,
        optimizer: Any = None,
        batch: int = 1,
        *,
        shows: bool = False,
        seed: int | None = None,
        learns: bool = True,
        sparse: bool = False,
    ) -> None:
        self.layers, self.loss, self.optimizer, self.shows = list(layers), loss, optimizer, shows
        self.seed = random.next_seed() if seed is None else seed
        self.input_shape, self.output_shape = layers[0].input_shape[1:], layers[-1].output_shape[1:]
        self.inputs = math.prod(self.input_shape)
        self.dtype = dtype_of(layers)
        self.weights = sum(v.size for layer in layers for v in layer.weights)  # how many numbers
        self.learns, self.sparse = learns, sparse
        self.trainable = [(one, learns and one.trainable) for layer in layers for one in layer.with_inner()]
        self._made_of = self._looks()
        self._where: dict[Variable, Place] = {}
        self._seen: dict[Variable, int] = {}
        self._changes = -1
        self._calls = 0
        self._build(batch)

    def _build(self, batch: int) -> None:
        """Make the network, for steps of up to so many rows; weights and state come from the variables."""
        for variable in self._where:
            if variable.holder is self:
                variable.assign(variable.numpy())  # from the network that goes
        self._seen.clear()
        self._changes = -1
        lowered = lower(self.layers, self.loss, self.optimizer, self.seed, self.learns)
        settings, averaging = _STILL, (0.0, 0)
        if self.optimizer is not None:
            need_as_it_is(self.optimizer, "update_step", "apply", "apply_gradients")
            kernel, params = self.optimizer.lower()
            settings = (kernel, params, 0.0, self.optimizer.clipping())  # training sets the learning rate
            if self.optimizer.use_ema:
                averaging = (self.optimizer.ema_momentum, min(self.optimizer.ema_overwrite_frequency or 0, _NEVER))
        reduction = getattr(self.loss, "reduction", None) or "sum_over_batch_size"
        places = list(lowered.places)
        if self.optimizer is not None:
            self._bind_optimizer(lowered, places)
        network = _core.Network(
            self.dtype, self.inputs, batch, lowered.ops, lowered.loss, settings, lowered.output, lowered.logits,
            self.seed, reduction, self.shows, averaging, self.sparse,
        )  # fmt: skip
        where = dict(places)
        self.network, self._where = network, where
        _collect_after(network.bytes)
        self._sources = [v for layer in self.layers for v in layer.weights if v not in where]
        self._write_constants(lowered)

    def _write_constants(self, lowered: Lowered) -> None:
        """Numbers that training leaves alone; a layer may derive them from variables the network has no place for."""
        for place, value in lowered.constants:
            shape = self.network.get(place.op, place.part).shape
            self.network.set(place.op, place.part, np.broadcast_to(value, shape))
        self._seen.update((v, v.version) for v in self._sources)

    def _bind_optimizer(self, lowered: Lowered, places: list[tuple[Variable, Place]]) -> None:
        """What the optimizer remembers has its places beside the weights."""
        optimizer = self.optimizer
        trained = [v for layer in self.layers if self.learns for v in layer.trainable_weights]
        optimizer.build(trained)
        averages = dict(zip(trained, optimizer.averages))  # none without use_ema
        learns = set(trained)
        for variable, place in lowered.places:
            if variable not in learns:
                continue
            for s, slot in enumerate(optimizer.slots(variable)):
                places.append((slot, Place(place.op, 2 + 2 * s + int(place.part), place.row)))
            if variable in averages:
                part = "ema_b" if place.part == 1 else "ema_W"
                places.append((averages[variable], Place(place.op, part, place.row)))
        places.append((optimizer.variables[0], STEP))

    # ---- variables

    @property
    def variables(self) -> list[Variable]:
        """Those whose values the network holds or can hold."""
        return [variable for variable, place in self._where.items() if place is not STEP]

    def read(self, variable: Variable) -> np.ndarray:
        """The value the network holds."""
        place = self._where[variable]
        if place is STEP:
            return np.array(self.network.step)
        value = self.network.get(place.op, place.part)
        if place.row is not None:
            value = value[place.row]
        return np.ascontiguousarray(value).reshape(variable.shape)

    def is_current(self) -> bool:
        """Whether nothing has changed elsewhere."""
        changes = Variable.changes  # before the look: what changes during it, changes this too
        if self._changes != changes:
            if not self.fits() or any(map(self._is_behind, self._where)) or self._constants_are_behind():
                return False
            self._changes = changes
        return True

    def fits(self) -> bool:
        """Whether layers are set, and compute in the types, as when it was made. If not, it takes another program."""
        return self._changes == Variable.changes or self._made_of == self._looks()

    def _looks(self) -> list[tuple[Any, list[int]]]:
        """What of layers a program is made of, besides the numbers of their weights."""
        return [(layer.dtype_policy, [one.revision for one in layer.with_inner()]) for layer in self.layers]

    def _is_behind(self, variable: Variable) -> bool:
        return variable.holder is not self and self._seen.get(variable) != variable.version

    def _constants_are_behind(self) -> bool:
        return any(self._seen[v] != v.version for v in self._sources)

    def push(self) -> None:
        """Write into the network what has changed elsewhere."""
        if self.is_current():
            return
        changes = Variable.changes
        for variable in filter(self._is_behind, self._where):
            version = variable.version
            self._write(self._where[variable], variable.numpy())
            self._seen[variable] = version
        if self._constants_are_behind():
            self._write_constants(lower(self.layers))
        self._changes = changes if self.fits() else -1  # never current, though it may have to train an epoch to its end

    def _write(self, place: Place, value: np.ndarray) -> None:
        if place is STEP:
            self.network.step = int(value)
            return
        if place.row is not None:
            whole = self.network.get(place.op, place.part)
            whole[place.row] = value.ravel()
            value = whole
        whole_matrix = value.ndim == 2 and place.row is None and not self._is_vector(place)
        self.network.set(place.op, place.part, value if whole_matrix else self._as_row(value, place))

    def _is_vector(self, place: Place) -> bool:
        """Whether the network keeps a vector there: a bias may be a matrix of one row to a layer of one's own."""
        return place.part == "ema_b" or (isinstance(place.part, int) and place.part % 2 == 1)

    def _as_row(self, value: np.ndarray, place: Place) -> np.ndarray:
        """A vector as the matrix of one row that some operations keep it as."""
        matrix = place.part == "ema_W" or (isinstance(place.part, int) and place.part % 2 == 0)
        value = value.astype(self.dtype)
        return value.reshape(-1, value.shape[-1]) if matrix else value.ravel()

    def hold(self) -> None:
        """Become where variables are read: what runs next changes them."""
        current = self._changes == Variable.changes
        for variable in self._where:
            variable.held_by(self)
            self._seen[variable] = variable.version
        self._changes = Variable.changes if current else -1

    # ---- running

    def fit_batch(self, rows: int, exactly: bool = False) -> None:
        """Have room for steps of so many rows; exactly: and no more, so that nothing depends on what ran before."""
        if rows > self.network.batch or (exactly and rows < self.network.batch):
            self._build(rows)

    def flat(self, x: np.ndarray) -> np.ndarray:
        """x with the features of a row side by side; a copy only where that cannot be had without one."""
        return x if x.ndim == 2 else x.reshape(len(x), self.inputs)

    def call(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The output for an array of rows; in training with noise, and with moments of this batch."""
        if training:
            self.fit_batch(len(x))
        self.push()
        return self._shaped(self._forward(self.flat(x))) if training else self.outputs(x)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The output for an array of rows, as the network is; several threads may ask at once."""
        rows = x if x.ndim == 2 else self.flat(x)  # the call it saves is 2 % of a prediction of one row
        return self._shaped(self.network.predict(rows))

    def _shaped(self, y: np.ndarray) -> np.ndarray:
        return y if len(self.output_shape) == 1 else y.reshape(len(y), *self.output_shape)

    def _forward(self, rows: np.ndarray) -> np.ndarray:
        """As training sees it; noise is drawn anew each time, apart from that of the steps."""
        self.hold()
        network, step = self.network, self.network.step
        network.step = _CALLS + self._calls
        self._calls += 1
        try:
            return network.forward(rows)
        finally:
            network.step = step

    def train(self, run: _core.Run, most_steps: int, seconds: float) -> bool | None:
        """Steps over a run; true when it is done, None if it is of a network that was here before."""
        self.push()
        if self.optimizer.schedule is None:
            self.network.set_learning_rate(float(self.optimizer.learning_rate))
        self.hold()
        return self.network.train(run, most_steps, seconds) if run.network is self.network else None
