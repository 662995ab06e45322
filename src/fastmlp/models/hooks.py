"""Callback, CallbackList, History: what training calls while it runs, and the record it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmlp._validate import brief

Logs = dict[str, Any]

_TRAIN_BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_TEST_BATCH = ("on_test_batch_begin", "on_test_batch_end")
_PREDICT_BATCH = ("on_predict_batch_begin", "on_predict_batch_end")


class Callback:
    """Hooks into training, evaluation and prediction: derive from it and write those you need.

    `model` and `params` (``{"verbose", "epochs", "steps"}``) are set before the first hook is called. A hook may set
    ``self.model.stop_training = True``, and what it adds to `logs` the callbacks after it see.

    Training runs many batches in one call into C. A class with a train batch hook makes it come back after every batch,
    which costs time on small networks; ``on_train_chunk_end`` costs nothing: it is called whenever training comes back
    anyway, about every 50 ms and at the end of an epoch.

    >>> class Loud(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs)
    >>> Loud().on_epoch_end(0, {"loss": 0.5})
    0 {'loss': 0.5}
    """

    model: Any = None
    params: Mapping[str, Any] | None = None
    _kept: tuple[str, ...] = ()  # attributes that training changes
    _last = False  # whether it is called after all others

    def get_state(self) -> Logs:
        """What a callback has to remember if training breaks off: numbers, text, arrays, lists and dicts of them.

        `BackupAndRestore` keeps it, and gives it to `set_state` when it takes training up again, behind
        ``on_train_begin``. Keras has no such methods.
        """
        return {name: getattr(self, name) for name in self._kept}

    def set_state(self, state: Logs) -> None:
        """Go on from what `get_state` gave."""
        for name in set(self._kept) & set(state):
            setattr(self, name, state[name])

    def _meet(self, callbacks: list[Callback]) -> None:
        """Told with which others it runs."""

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Told before the first hook."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Told before the first hook."""
        self.model = model

    def _uses(self, *hooks: str) -> bool:
        """Whether any of these hooks does something, by its class or by a function given to this object."""
        own = vars(self)
        return any(hook in own or getattr(type(self), hook) is not getattr(Callback, hook) for hook in hooks)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, whose logs these are."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation; `logs` has the loss, the metrics and, under val_…, those of validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch, counted from 0 in its epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch; `logs` are those of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_train_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """After some batches, when `step` of this epoch are done; Keras has no such hook."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation, that of an epoch included."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_test_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """After some batches of an evaluation; Keras has no such hook."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction."""

    def on_predict_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """After some batches of a prediction; Keras has no such hook."""

    def on_abort(self, logs: Logs | None = None) -> None:
        """After an exception, Ctrl-C for instance, has ended what was running; Keras has no such hook."""


class History(Callback):
    """The record of a fit: ``history`` holds a list for each metric, ``epoch`` the epochs' numbers.

    Every fit makes a new one; one that is handed to several goes on with its lists.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def __repr__(self) -> str:
        last = {name: values[-1] for name, values in self.history.items() if values}
        return f"<History of {len(self.epoch)} epochs, the last {last}>"

    def set_model(self, model: Any) -> None:
        """Become the history of this model."""
        self.model = model
        model.history = self

    def get_state(self) -> Logs:
        """The record; what is numbers throughout as arrays, which take little room."""
        figures = {name: list(values) for name, values in self.history.items()}
        return {"epoch": np.array(self.epoch, np.int64), "history": {
            name: np.array(values) if all(type(one) is float for one in values) else values
            for name, values in figures.items()}}  # fmt: skip

    def set_state(self, state: Logs) -> None:
        """Go on with this record."""
        self.epoch = state["epoch"].tolist()
        self.history = {name: values.tolist() if isinstance(values, np.ndarray) else values
                        for name, values in state["history"].items()}  # fmt: skip

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count epochs anew."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Note an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class CallbackList(Callback):
    """Several callbacks as one.

    Every hook calls that of each in turn, with logs in alphabetical order and as Python floats; one dict for all, so
    that a later callback sees what an earlier one added. The end of a batch is the end of a chunk, too: call one of
    the two. A `BackupAndRestore` is called last, since it keeps what all others have come to. For loops of your own as
    well.

    >>> notes = CallbackList(History(), model=type("Model", (), {})(), epochs=1)
    >>> notes.on_train_begin()
    >>> notes.on_epoch_end(0, {"loss": 0.5, "accuracy": 1})
    >>> notes.history.history
    {'accuracy': [1.0], 'loss': [0.5]}

    Parameters
    ----------
    callbacks
        One or several; lists in lists, and lists of this kind, are taken apart.
    add_history, add_progbar
        Put a History, a ProgbarLogger last if there is none among them.
    model
        Whom they belong to.
    **params
        For `set_params`: verbose, epochs, steps.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        self.callbacks: list[Callback] = list(_flat(callbacks))
        if add_history and not any(isinstance(callback, History) for callback in self.callbacks):
            self.callbacks.append(History())
        if add_progbar:
            from fastmlp.models.progress import ProgbarLogger  # which is built on Callback

            if not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
                self.callbacks.append(ProgbarLogger())
        self._arrange()
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def append(self, callback: Callback) -> None:
        """One more, with the model and the params of the others."""
        for one in _flat(callback):
            self.callbacks.append(one)
            if self.model is not None:
                one.set_model(self.model)
            if self.params:
                one.set_params(self.params)
        self._arrange()

    def _arrange(self) -> None:
        """Those that are called last come last, and all know of each other."""
        self.callbacks.sort(key=lambda callback: callback._last)
        for callback in self.callbacks:
            callback._meet(self.callbacks)

    @property
    def history(self) -> History | None:
        """The History among them."""
        return next((callback for callback in self.callbacks if isinstance(callback, History)), None)

    @property
    def batch_hooks(self) -> bool:
        """Whether any must be called before or after every batch of training."""
        return self._uses(*_TRAIN_BATCH)

    @property
    def chunk_hooks(self) -> bool:
        """Whether any wants to be called when training looks in."""
        return self._uses("on_train_chunk_end")

    @property
    def test_chunk_hooks(self) -> bool:
        """Whether any wants to be called when an evaluation looks in."""
        return self._uses("on_test_chunk_end")

    @property
    def test_batch_hooks(self) -> bool:
        """Whether any must be called before or after every batch of an evaluation."""
        return self._uses(*_TEST_BATCH)

    @property
    def predict_batch_hooks(self) -> bool:
        """Whether any must be called before or after every batch of a prediction."""
        return self._uses(*_PREDICT_BATCH)

    def _uses(self, *hooks: str) -> bool:
        return any(callback._uses(*hooks) for callback in self.callbacks)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Tell them all."""
        self.params = params
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    @contextmanager
    def running(self) -> Iterator[None]:
        """What may end by an exception, of which all are told."""
        try:
            yield
        except BaseException:
            self.on_abort()
            raise

    def set_model(self, model: Any) -> None:
        """Tell them all; a History among them is the model's from now on."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)


def _flat(callbacks: Any) -> Iterator[Callback]:
    if callbacks is None:
        return
    if isinstance(callbacks, CallbackList):
        yield from callbacks.callbacks
    elif isinstance(callbacks, (list, tuple)):
        for callback in callbacks:
            yield from _flat(callback)
    elif isinstance(callbacks, Callback):
        yield callbacks
    else:
        mend = f"make one: {callbacks.__name__}(…)" if isinstance(callbacks, type) else "derive it from Callback"
        raise TypeError(f"callbacks: expected Callback objects, got {brief(callbacks)}; {mend}")


def _plain(logs: Mapping[str, Any] | None) -> Logs:
    """A copy in alphabetical order, what is a number as a Python float, dicts in it taken apart."""
    plain: Logs = {}
    for name, value in sorted((logs or {}).items()):
        if isinstance(value, Mapping):
            plain.update(_plain(value))
        elif isinstance(value, str) or (isinstance(value, np.ndarray) and value.ndim):
            plain[name] = value
        else:
            plain[name] = float(value) if hasattr(value, "__float__") else value
    return plain


def _event(hook: str) -> Callable[..., None]:
    """A hook of the list without a number: it calls that of each."""

    def call(self: CallbackList, logs: Logs | None = None) -> None:
        shared = _plain(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(shared)

    return call


def _counted(*hooks: str) -> Callable[..., None]:
    """A hook of the list with the number of an epoch or batch: it calls that of each.

    A second one is that of chunks, which counts the steps done.
    """

    def call(self: CallbackList, number: int, logs: Logs | None = None) -> None:
        shared = _plain(logs)
        for callback in self.callbacks:
            for further, hook in enumerate(hooks):
                getattr(callback, hook)(number + further, shared)

    return call


for _name in vars(Callback):
    if _name.startswith("on_"):
        if _name.endswith(
            ("train_begin", "train_end", "test_begin", "test_end", "predict_begin", "predict_end", "abort")
        ):
            _method = _event(_name)
        elif _name.endswith("_batch_end") and _name != "on_batch_end":
            _method = _counted(_name, _name.replace("batch", "chunk"))
        else:
            _method = _counted(_name)
        _method.__name__, _method.__doc__ = _name, getattr(Callback, _name).__doc__
        setattr(CallbackList, _name, _method)
