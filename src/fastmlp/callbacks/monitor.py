"""Callbacks that watch whether a number still gets better."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from fastmlp._validate import brief, flag, number, user_level, whole
from fastmlp.models.hooks import Callback, Logs
from fastmlp.models.progress import say, verbosity


class MonitorCallback(Callback):
    """Knows whether a value of `monitor` is better than another, by more than `min_delta`; NaN never is.

    `mode` is "min", "max" or "auto": the loss is to fall, a metric goes where its class says.
    """

    _kept: tuple[str, ...] = ("best",)

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__}: expected mode 'auto', 'min' or 'max', got {brief(mode)}; "
                          "'auto' is used", stacklevel=user_level())  # fmt: skip
            mode = "auto"
        where = type(self).__name__
        if not isinstance(monitor, str):
            raise TypeError(f"{where}: monitor: expected a name in the logs, got {brief(monitor)}; 'val_loss', for one")
        self.monitor, self.mode = monitor, mode
        self.best = None if baseline is None else number(f"{where}: baseline", baseline)
        self.min_delta = abs(number(f"{where}: min_delta", min_delta))
        self._sign = 0  # +1: the more the better, -1: the less, 0: not known yet

    def _direction(self) -> int:
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return -1
        metrics = [
            metric for one in getattr(self.model, "metrics", None) or () for metric in getattr(one, "metrics", [one])
        ]
        for metric in metrics:
            way = getattr(metric, "_direction", None)
            if way and (name == metric.name or name.endswith(f"_{metric.name}")):  # behind the name of its output
                return 1 if way == "up" else -1
        if name == "score":  # scikit-learn's word: the more the better
            return 1
        raise ValueError(f"{type(self).__name__}: expected a metric known to be better the higher or the lower, "
                         f"got monitor='{self.monitor}'; say mode='max' or mode='min'")  # fmt: skip

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        self._sign = self._sign or self._direction()  # metrics are known only when training has begun
        if np.isnan(value):
            return False
        return reference is None or self._sign * value - self.min_delta > self._sign * reference

    def _monitored(self, logs: Logs | None, what: str) -> float | None:
        """The value in logs; a warning if it is not there."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(f"{type(self).__name__}: expected '{self.monitor}' among the logs {sorted(logs or {})}; "
                          f"without it {what}", stacklevel=user_level())  # fmt: skip
        return value


class EarlyStopping(MonitorCallback):
    """Stops training when a monitored number has stopped improving.

    Training ends with the epoch that is the `patience`-th in a row without an improvement; the first number always is
    one, NaN never. It does not end with the very first epoch.

    Parameters
    ----------
    monitor
        A name in the logs: 'loss', 'accuracy', 'val_loss', …
    min_delta
        What a change must exceed to be an improvement.
    patience
        Epochs without improvement to wait for one.
    verbose
        1: say what is done.
    mode
        'min', 'max', or 'auto': by what is monitored.
    baseline
        An improvement must be one over this, too.
    restore_best_weights
        At the end of training, early or not, go back to the weights of the best epoch.
    start_from_epoch
        Epochs before this one are not looked at.

    >>> EarlyStopping(patience=3, restore_best_weights=True).monitor
    'val_loss'
    """

    _kept = ("best", "best_epoch", "best_weights", "wait", "stopped_epoch")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        where = type(self).__name__
        self.verbose = verbosity(where, verbose)
        self.patience = patience if patience == np.inf else whole(f"{where}: patience", patience, 0)
        self.baseline = None if baseline is None else number(f"{where}: baseline", baseline)
        self.restore_best_weights = flag(f"{where}: restore_best_weights", restore_best_weights)
        self.start_from_epoch = whole(f"{where}: start_from_epoch", start_from_epoch, 0)
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier fit."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and stop training if it is time."""
        current = self._monitored(logs, "training does not stop early")
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say whether it stopped, and go back to the best weights."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when a monitored number has not improved for `patience` epochs.

    Parameters
    ----------
    monitor, mode, min_delta, verbose
        As for `EarlyStopping`.
    factor
        Below 1.
    patience
        Epochs without improvement before the rate is reduced.
    cooldown
        Epochs after a reduction that are not counted.
    min_lr
        The rate does not fall below this.

    >>> ReduceLROnPlateau(factor=0.5, patience=2).factor
    0.5
    """

    _kept = ("best", "cooldown_counter", "wait")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        where = type(self).__name__
        if number(f"{where}: factor", factor, 0) >= 1:
            raise ValueError(f"ReduceLROnPlateau: expected a factor below 1, got {factor}; the rate is to fall")
        self.factor, self.patience = factor, whole(f"{where}: patience", patience, 0)
        self.cooldown, self.verbose = whole(f"{where}: cooldown", cooldown, 0), verbosity(where, verbose)
        self.min_lr = number(f"{where}: min_lr", min_lr, 0)
        self.cooldown_counter = self.wait = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier fit."""
        self.best = None
        self.cooldown_counter = self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether a reduction is so recent that epochs are not counted."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, reduce the rate if it is time, and note the rate this epoch had in logs."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self._monitored(logs, "the learning rate stays")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = float(self.model.optimizer.learning_rate)
        if old <= np.float32(self.min_lr):  # rates are kept in float32, where it may be a little more than min_lr
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
        self.cooldown_counter, self.wait = self.cooldown, 0
