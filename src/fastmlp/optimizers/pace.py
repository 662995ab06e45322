"""How fast and how far: the learning rate of an optimizer, and its count of steps."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fastmlp._objects import Configurable, serialize
from fastmlp._validate import brief, number, user_level, whole
from fastmlp.schedules import LearningRateSchedule
from fastmlp.variables import Variable


class LearningRate(float):
    """The learning rate of an optimizer now: a number, which can also be read and written as a variable can."""

    optimizer: Paced

    def numpy(self) -> np.float32:
        """The number."""
        return np.float32(self)

    def assign(self, value: float) -> None:
        """Give the optimizer another."""
        self.optimizer.learning_rate = value


class Iterations(int):
    """How many steps an optimizer has made: a number, which can also be read and written as a variable can."""

    optimizer: Paced

    def numpy(self) -> np.int64:
        """The number."""
        return np.int64(self)

    def assign(self, value: int) -> None:
        """Let the optimizer have made so many."""
        self.optimizer.iterations = int(value)

    def assign_add(self, value: int) -> None:
        """Let it have made so many more."""
        self.assign(self.optimizer.iterations + int(value))


class Paced(Configurable):
    """The part of an optimizer that knows its learning rate and how many steps were made."""

    gradient_accumulation_steps: int | None

    def _start(self, rate: Any) -> None:
        self._batches = Variable(0, dtype=np.int64, name="iteration", trainable=False)
        self._rate = Variable(0.0, dtype=np.float64, name="learning_rate", trainable=False)
        self._follow: Callable[..., Any] | None = None  # a schedule, or a function without arguments
        self.learning_rate = rate

    @property
    def schedule(self) -> LearningRateSchedule | None:
        """The schedule it follows, if it does."""
        return self._follow if isinstance(self._follow, LearningRateSchedule) else None

    @property
    def asks_python(self) -> bool:
        """Whether the rate of each step is a function's to say, which is called before it."""
        return self._follow is not None and self.schedule is None

    @property
    def learning_rate(self) -> LearningRate:
        """What it is now. A schedule counts batches; it can be replaced by another, not by a number."""
        if self.schedule is not None:
            rate = LearningRate(self.schedule(int(self._batches.numpy())))
        else:
            rate = LearningRate(self._rate.numpy() if self._follow is None else self._follow())
        rate.optimizer = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value):
            self._follow = value
            return
        if self.schedule is not None:
            raise TypeError(f"learning_rate: expected a schedule in place of {brief(self.schedule)}, got "
                            f"{brief(value)}; make the optimizer with a number to be able to set it")  # fmt: skip
        self._rate.assign(number(f"{type(self).__name__}: learning_rate", value, 0))
        self._follow = None

    @property
    def lr(self) -> LearningRate:
        """The older name of `learning_rate`."""
        warnings.warn("lr is the older spelling; write learning_rate", DeprecationWarning, stacklevel=2)
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        warnings.warn("lr is the older spelling; write learning_rate", DeprecationWarning, stacklevel=2)
        self.learning_rate = value

    @property
    def iterations(self) -> Iterations:
        """How many steps were made."""
        made = Iterations(int(self._batches.numpy()) // (self.gradient_accumulation_steps or 1))
        made.optimizer = self
        return made

    @iterations.setter
    def iterations(self, value: int) -> None:
        self._batches.assign(whole("iterations", value, 0) * (self.gradient_accumulation_steps or 1))

    def get_config(self) -> dict[str, Any]:
        """The settings, the learning rate as it is now or the schedule."""
        config = super().get_config()
        rate = float(self.learning_rate) if self._follow is None else serialize(self._follow)
        return {**config, "learning_rate": rate}


def legacy_rate(where: str, rate: Any, legacy: dict[str, Any]) -> Any:
    """The learning rate, under its older name too; `decay`, which has lost its meaning, is dropped."""
    if "lr" in legacy:
        message = f"{where}: lr is the older spelling; write learning_rate"
        warnings.warn(message, DeprecationWarning, stacklevel=user_level())
        rate = legacy.pop("lr")
    if legacy.pop("decay", None) is not None:
        warnings.warn(f"{where}: decay is ignored, as by Keras 3; give a schedule, InverseTimeDecay for instance, "
                      "as learning_rate", UserWarning, stacklevel=user_level())  # fmt: skip
    if legacy:
        raise TypeError(f"{where}: expected arguments of this optimizer, got {sorted(legacy)}; check the spelling")
    return rate
