"""What fit, evaluate and predict are fed with: arrays, which C reads in place, or batches that somebody else makes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from numbers import Real
from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp._spelling import user_level
from fastmlp._validate import brief, number

Batch = tuple[Any, Any, Any]
Key = tuple[int, int]  # the seed of orders, and the number of a pass


def as_array(where: str, value: Any) -> np.ndarray:
    """A user's numbers as an array, without a copy if they are one (or a frame, or a tensor)."""
    if isinstance(value, Mapping):
        raise TypeError(f"{where}: expected one array, got a mapping of {brief(list(value))}; take one of its arrays, "
                        "or join them side by side; batches are tuples (x, y)")  # fmt: skip
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    elif hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        value = value.numpy()
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{where}: expected rows of one length, got {brief(value)}; fill up the shorter ones"
        ) from None
    if array.dtype.kind not in "buif":
        raise TypeError(f"{where}: expected numbers, got {brief(array)}; convert it with astype, or encode the classes "
                        "as numbers")  # fmt: skip
    return array


def is_array(value: Any) -> bool:
    """Whether it holds all rows at once; a mapping would, if one could train on it."""
    if isinstance(value, (np.ndarray, list, tuple, Mapping)):
        return True
    return hasattr(value, "__array__") or hasattr(value, "to_numpy")


def feature_rows(where: str, x: Any, shape: tuple[int, ...], layers: Sequence[Any]) -> np.ndarray:
    """x checked against the shape of one row; a vector becomes a column where rows are of one feature."""
    if _core.is_rows(x, shape):
        return x
    array = as_array(f"{where}: x", x)
    if array.ndim == 1 and shape == (1,):
        array = array[:, None]
    if array.ndim == 0 or array.shape[1:] != shape:
        want = f"{shape[0]} columns" if len(shape) == 1 else f"rows of shape {shape}"
        first = layers[min(1, len(layers) - 1)].name
        mend = "give a single row as x[None], batches by .batch(32)" if array.shape == shape else "reshape x"
        raise ValueError(f"{where}: expected x with {want} (layer '{first}' was built so), got "
                         f"x.shape={array.shape}; {mend} or rebuild the model")  # fmt: skip
    return array


class ArrayFeed:
    """Arrays: x, y and the weights of rows.

    >>> ArrayFeed(np.zeros((100, 3)), None, None).steps(32)
    4
    """

    def __init__(self, x: np.ndarray, y: np.ndarray | None, weights: np.ndarray | None) -> None:
        self.x, self.y, self.weights = x, y, weights
        self.rows: int = x.shape[0]  # a sparse matrix has no len
        rows = {"x": self.rows} | ({} if y is None else {"y": len(y)})
        rows |= {} if weights is None else {"sample_weight": len(weights)}
        if len(set(rows.values())) > 1:
            raise ValueError(f"data: expected as many rows in each, got {rows}; pair them up")

    def steps(self, batch: int) -> int:
        """How many batches a pass has."""
        return math.ceil(self.rows / batch)

    def rows_at(self, index: slice | np.ndarray) -> ArrayFeed:
        """Those rows alone: a view for a slice, a copy for row numbers."""
        x, y, weights = (None if a is None else a[index] for a in (self.x, self.y, self.weights))
        assert x is not None
        return ArrayFeed(x, y, weights)

    def weigh(self, where: str, classes: Mapping[Any, float] | None) -> None:
        """Weigh rows by their class."""
        if classes is None or self.y is None:
            return
        if not isinstance(self.y, np.ndarray):
            raise ValueError(f"{where}: expected no class_weight with several outputs, got {brief(classes)}; give "
                             "sample_weight, by output")  # fmt: skip
        if self.weights is not None:
            raise ValueError(f"{where}: expected class_weight or sample_weight, got both; multiply them yourself")
        self.weights = class_weights(where, classes, self.y)

    def split(self, share: float) -> tuple[ArrayFeed, ArrayFeed]:
        """All rows but the last share of them, and those."""
        at = math.floor(self.rows * (1 - share))
        if not 0 < at < self.rows:
            raise ValueError(f"fit: expected validation_split to leave rows on both sides, got {share} of {self.rows} "
                             "rows; give more rows, or validation_data")  # fmt: skip
        return self.rows_at(slice(at)), self.rows_at(slice(at, None))


def split_batch(where: str, batch: Any) -> Batch:
    """x, y and weights of what an iterator gave, None for what it did not: x alone, or a tuple of up to three."""
    if not isinstance(batch, (tuple, list)):
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise ValueError(f"{where}: expected one to three parts, (x, y, sample_weight), got {len(batch)}; "
                         "leave out the others")  # fmt: skip
    x, y, weights = (*batch, None, None)[:3]
    return x, y, weights


class BatchFeed:
    """Batches from a generator, a data set, or an object with ``len`` and ``[i]`` (Keras's PyDataset).

    What can be iterated again is; an iterator goes on where it stopped, epoch after epoch.
    """

    def __init__(self, where: str, source: Any, steps: int | None, shuffle: bool = False) -> None:
        if isinstance(source, (str, bytes)) or not (hasattr(source, "__iter__") or hasattr(source, "__getitem__")):
            raise TypeError(f"{where}: expected x as an array, a data set or a generator of batches, got "
                            f"{brief(source)}; give the features")  # fmt: skip
        if steps is None and getattr(source, "cardinality", lambda: None)() == -1:
            raise ValueError(f"{where}: expected a number of steps with data that repeat for ever, got None; give "
                             "steps_per_epoch or validation_steps to fit, steps otherwise")  # fmt: skip
        self.where, self.source, self.shuffle = where, source, shuffle
        self._by_number = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self.once = not self._by_number and iter(source) is source
        self._limit = steps
        self._current: Iterator[Any] | None = None
        self._begun = (0, 0)  # what is read now: which pass of training it began in, and as which within it
        self._taken = 0  # batches of it
        self._turns: Any = None  # where the data's own shuffles were then

    def steps(self, batch: int) -> int | None:
        """How many batches a pass has, if that is known; they have the sizes they have."""
        if self._limit is not None or not hasattr(self.source, "__len__"):
            return self._limit
        try:
            return len(self.source)
        except TypeError:  # a data set that does not know
            return None

    def empty(self) -> ValueError:
        """The error to raise where there is no batch."""
        return ValueError(f"{self.where}: expected at least one batch of data, got none; check it: a generator is "
                          "empty once read (steps_per_epoch and validation_steps share one among epochs)")  # fmt: skip

    def _start(self, key: Key | None, nth: int = 0) -> Iterator[Any]:
        """What comes from the beginning on: the nth time in the pass of this key."""
        self._begun, self._taken, self._turns = ((0 if key is None else key[1]), nth), 0, self._turns_now()
        if not self._by_number:
            return iter(self.source)
        order = np.arange(len(self.source))
        if self.shuffle and key is not None:
            rng = np.random.default_rng(key)
            for _ in range(nth + 1):
                order = np.arange(len(self.source))
                rng.shuffle(order)
        return (self.source[int(i)] for i in order)

    # ---- where it is

    def _turns_now(self) -> Any:
        """Where the shuffles of the data themselves are, if these can tell, and be brought there again."""
        tell = getattr(self.source, "turns", None)
        return tell() if callable(tell) and hasattr(self.source, "turn_to") else None

    def place(self) -> dict[str, Any]:
        """Where the next batch comes from, as JSON can hold it."""
        goes_on = self._current is not None and self._goes_on
        if not goes_on:  # and nothing of what was read before is of account
            return {"begun": [0, 0], "taken": 0, "turns": self._turns_now()}
        return {"begun": list(self._begun), "taken": self._taken, "turns": self._turns}

    def go_to(self, place: Mapping[str, Any], seed: int) -> None:
        """Be there again, past all batches before."""
        if place.get("turns") is not None and hasattr(self.source, "turn_to"):
            self.source.turn_to(place["turns"])
        if place.get("taken"):
            pass_, nth = place["begun"]
            self._current = self._start((seed, pass_), nth)
            self._taken = sum(1 for _ in islice(self._current, place["taken"]))
            if self._taken < place["taken"]:
                raise self._too_few(place["taken"], self._taken)

    def _too_few(self, wanted: int, given: int) -> ValueError:
        return ValueError(f"{self.where}: expected the data that training stopped in the middle of, {wanted} batches "
                          f"or more, got {given}; give the same")  # fmt: skip

    @property
    def _goes_on(self) -> bool:
        """Whether what an epoch leaves is the next one's."""
        return self._limit is not None or self.once

    def first(self) -> Batch:
        """That which comes first, for a model to take its shape from; it comes again in the first pass."""
        self._tell("on_epoch_begin")
        batches = self._start(None)
        batch = next(batches, None)
        self._tell("on_epoch_end")
        if batch is None:
            raise self.empty()
        if self.once:
            self._current = chain([batch], batches)
        return split_batch(self.where, batch)

    def rewind(self) -> None:
        """Begin with the first batch again, unless it is gone."""
        if not self.once:
            self._current = None

    def batches(self, key: Key | None = None, done: int = 0) -> Iterator[Batch]:
        """Those of one epoch, at whose ends a PyDataset is told of it; not at the end of one that was cut short.

        With `key`, in training, an epoch that wants more begins the next round. Those `done` are passed over.
        """
        self._tell("on_epoch_begin")
        fresh = False  # whether what is read now has given nothing yet
        rounds = 0
        if self._current is None or not self._goes_on:
            self._current, fresh, rounds = self._start(key), True, 1
        given = 0
        while self._limit is None or given < self._limit:
            try:
                batch = next(self._current)
            except StopIteration:
                if self._limit is None:
                    break
                if self.once or fresh or key is None:
                    warnings.warn(f"{self.where}: the data ended after {given} of {self._limit} batches; make them "
                                  "repeat, or ask for fewer steps", UserWarning, stacklevel=user_level())  # fmt: skip
                    break
                self._current, fresh, rounds = self._start(key, rounds), True, rounds + 1
                continue
            given, fresh, self._taken = given + 1, False, self._taken + 1
            if given > done:
                yield split_batch(self.where, batch)
        if given < done:
            raise self._too_few(done, given)
        self._tell("on_epoch_end")

    def _tell(self, hook: str) -> None:
        getattr(self.source, hook, lambda: None)()


def class_weights(where: str, weights: Mapping[Any, float], y: np.ndarray) -> np.ndarray:
    """A weight for each row from its class: labels rounded, one-hot rows by their largest; 1 for classes not named."""
    if not isinstance(weights, Mapping):
        raise TypeError(f"{where}: expected class_weight as a dict from class to weight, got {brief(weights)}; "
                        "for instance {0: 1.0, 1: 5.0}")  # fmt: skip
    wrong = [key for key in weights if not (isinstance(key, (Real, np.bool_)) and key % 1 == 0)]
    if wrong:
        raise TypeError(f"{where}: expected class numbers as the keys of class_weight, got {brief(wrong[0])}; number "
                        "the classes as y does")  # fmt: skip
    numbers = {key: number(f"{where}: class_weight of class {key}", weight) for key, weight in weights.items()}
    if y.ndim > 1 and y.shape[-1] > 1:
        classes = y.reshape(len(y), -1).argmax(axis=1)
    else:
        classes = np.round(y.reshape(-1)).astype(np.int64)
    found, which = np.unique(classes, return_inverse=True)
    return np.array([numbers.get(int(c), 1.0) for c in found], np.float64)[which].reshape(-1)


def row_weights(where: str, weights: Any, rows: int) -> np.ndarray | None:
    """One number for each row."""
    if weights is None:
        return None
    array = np.asarray(as_array(f"{where}: sample_weight", weights), np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (rows,):
        raise ValueError(f"{where}: expected sample_weight of shape ({rows},), got {array.shape}; give one a row")
    if not np.isfinite(array).all():
        raise ValueError(f"{where}: expected finite numbers in sample_weight, got {array[~np.isfinite(array)][0]}; "
                         "drop such rows, or give them 0")  # fmt: skip
    return array
