"""Callbacks that step in: set the learning rate, stop on NaN, swap weights, or do what a function given does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from fastmlp._validate import brief, flag, unknown
from fastmlp.models.hooks import Callback, Logs
from fastmlp.models.progress import say, verbosity

_HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch.

    Parameters
    ----------
    schedule
        ``schedule(epoch, learning_rate)`` or ``schedule(epoch)`` gives the rate of the epoch, counted from 0.
    verbose
        1: say so.

    >>> halved = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch % 10 == 9 else rate)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: expected a function of the epoch and the rate, "
                            f"got {brief(schedule)}; write one")  # fmt: skip
        self.schedule, self.verbose = schedule, verbosity("LearningRateScheduler", verbose)

    def _takes_rate(self) -> bool:
        try:
            inspect.signature(self.schedule).bind(0, 0.0)
        except TypeError:
            return False
        except ValueError:  # a function of C that does not tell its signature
            return True
        return True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        optimizer = self.model.optimizer
        rate = self.schedule(*([epoch, float(optimizer.learning_rate)] if self._takes_rate() else [epoch]))
        if isinstance(rate, bool) or not isinstance(rate, (float, int, np.floating)):
            raise TypeError(f"LearningRateScheduler: expected a number from the schedule, got {brief(rate)}; "
                            "does it return the rate?")  # fmt: skip
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the rate in logs."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class LambdaCallback(Callback):
    """A callback made of functions, each given under the name of its hook.

    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch)).on_epoch_end(3, {})
    3
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Logs], Any] | None = None,
        on_epoch_end: Callable[[int, Logs], Any] | None = None,
        on_train_begin: Callable[[Logs], Any] | None = None,
        on_train_end: Callable[[Logs], Any] | None = None,
        on_train_batch_begin: Callable[[int, Logs], Any] | None = None,
        on_train_batch_end: Callable[[int, Logs], Any] | None = None,
        **others: Any,
    ) -> None:
        given = {"on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
                 "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
                 "on_train_batch_end": on_train_batch_end, **others}  # fmt: skip
        for name, value in given.items():
            if name.startswith("on_") and name not in _HOOKS:
                unknown("LambdaCallback", name, _HOOKS)
            if name.startswith("on_") and value is not None and not callable(value):
                raise TypeError(f"LambdaCallback: {name}: expected a function, got {brief(value)}; give one, or None")
            if value is not None:
                setattr(self, name, value)


class TerminateOnNaN(Callback):
    """Stops training when the loss is NaN or infinite.

    It looks whenever training comes back from C, about every 50 ms and at the end of an epoch, so that it costs no
    time: the mean loss of the epoch so far, once NaN, stays so.

    Parameters
    ----------
    raise_error
        Raise RuntimeError instead.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = flag("TerminateOnNaN: raise_error", raise_error)

    def on_train_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss", 0.0)  # an array, perhaps, of a train_step of one's own
        if np.isfinite(loss).all() or self.model.stop_training:
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: expected a finite loss, got {loss} by step {step} of the epoch; "
                               "lower the learning rate, clip gradients or scale the inputs")  # fmt: skip
        say(f"\nBatch {step - 1}: Invalid loss, terminating training")
        self.model.stop_training = True


class SwapEMAWeights(Callback):
    """Evaluates with the moving average of the weights, which an optimizer with ``use_ema=True`` keeps.

    Parameters
    ----------
    swap_on_epoch
        Let the model hold the averages between epochs as well: for a ModelCheckpoint after it in the list.
    """

    _kept = ("_swapped",)

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = flag("SwapEMAWeights: swap_on_epoch", swap_on_epoch)
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = self.model.optimizer
        if not optimizer.use_ema:
            raise ValueError(f"SwapEMAWeights: expected an optimizer that averages weights, got {brief(optimizer)}; "
                             "make it with use_ema=True")  # fmt: skip
        optimizer.build(self.model.trainable_variables)  # does nothing once training has begun
        return list(zip(self.model.trainable_variables, optimizer.averages, strict=True))

    def _swap(self, swapped: bool) -> None:
        """Let the model hold the averages, or its own weights again."""
        if swapped == self._swapped:
            return
        for variable, average in self._pairs():
            weights = variable.numpy()
            variable.assign(average)
            average.assign(weights)
        self._swapped = swapped

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Train the weights, not their averages."""
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Show the averages to the callbacks after this one."""
        if not self.swap_on_epoch:
            return
        self._swap(True)
        if self.model.stop_training or epoch == (self.params or {}).get("epochs", 0) - 1:
            for variable, average in self._pairs():  # the end of training writes the averages into the weights
                average.assign(variable)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Take the averages."""
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Take the weights."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Take the averages."""
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Take the weights."""
        self._swap(False)

    def on_abort(self, logs: Logs | None = None) -> None:
        """Take the weights."""
        self._swap(False)
