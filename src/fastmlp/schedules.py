"""Learning rates that change as training goes on.

A schedule is called with the number of updates done so far, 0 before the first. `rates` gives those of many updates at
once. The schedules at the end count epochs: `fit` tells them how many updates an epoch has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmlp._objects import Configurable, described, deserializer
from fastmlp._objects import serialize as serialize
from fastmlp._validate import brief, flag, number, whole

Steps = NDArray[np.float64]

deserialize = deserializer(described)


class LearningRateSchedule(Configurable):
    """A learning rate as a function of the step; one of another kind overrides ``__call__``.

    Examples
    --------
    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5**step
    >>> Halving().rates(0, 3).tolist()
    [1.0, 0.5, 0.25]
    """

    def __call__(self, step: Any) -> float:
        """The rate of the update after `step` others."""
        at = number(f"{type(self).__name__}: step", step, 0)
        return float(self._rates(np.array([at], np.float64))[0])

    def rates(self, first_step: int, count: int) -> Steps:
        """The rates of `count` updates, the first of them after `first_step` others."""
        steps = range(first_step, first_step + count)
        if type(self).__call__ is LearningRateSchedule.__call__:
            return self._rates(np.array(steps, np.float64))
        return np.array([float(self(step)) for step in steps], np.float64)

    def _rates(self, step: Steps) -> Steps:
        raise NotImplementedError(f"{type(self).__name__}: expected a method __call__(step), got none; write it")

    def _number(self, name: str, value: Any, low: float | None = None, above: float | None = None) -> float:
        return number(f"{type(self).__name__}: {name}", value, low, above=above)


# ---- Keras's, by steps


class _TimeDecay(LearningRateSchedule):
    """What falls with ``step / decay_steps``; `staircase` rounds that down."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._number("decay_steps", decay_steps, above=0)
        self.decay_rate = self._number("decay_rate", decay_rate, 0)
        self.staircase, self.name = flag(f"{type(self).__name__}: staircase", staircase), name or type(self).__name__

    def _periods(self, step: Steps) -> Steps:
        periods = step / self.decay_steps
        return np.floor(periods) if self.staircase else periods


class ExponentialDecay(_TimeDecay):
    """``initial · decay_rate^(step / decay_steps)``; `staircase` rounds the exponent down.

    Examples
    --------
    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.025
    """

    def _rates(self, step: Steps) -> Steps:
        return self.initial_learning_rate * self.decay_rate ** self._periods(step)


class InverseTimeDecay(_TimeDecay):
    """``initial / (1 + decay_rate · step / decay_steps)``; `staircase` rounds the quotient down.

    Examples
    --------
    >>> InverseTimeDecay(0.2, decay_steps=1, decay_rate=1)(3)
    0.05
    """

    def _rates(self, step: Steps) -> Steps:
        return self.initial_learning_rate / (1 + self.decay_rate * self._periods(step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[i]`` from past ``boundaries[i - 1]`` up to and with ``boundaries[i]``.

    Examples
    --------
    >>> schedule = PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.1])
    >>> schedule.rates(0, 6).tolist()
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.1]
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        for given in (boundaries, values):
            if not (isinstance(given, (list, tuple)) or np.ndim(given)):
                raise TypeError(
                    f"PiecewiseConstantDecay: expected lists of numbers, got {brief(given)}; put it into one"
                )
        self.boundaries = [self._number("boundaries", b) for b in boundaries]
        self.values = [self._number("values", v) for v in values]
        self.name = name
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(f"PiecewiseConstantDecay: expected one value more than boundaries, got "
                             f"{len(self.values)} and {len(self.boundaries)}; the last holds to the end")  # fmt: skip
        if any(b >= c for b, c in zip(self.boundaries, self.boundaries[1:])):
            raise ValueError(f"PiecewiseConstantDecay: expected boundaries that rise, got {self.boundaries}; sort them")

    def _rates(self, step: Steps) -> Steps:
        return np.array(self.values)[np.searchsorted(self.boundaries, step)]


class PolynomialDecay(LearningRateSchedule):
    """``(initial - end) · (1 - step / decay_steps)^power + end``, and `end` after that.

    With `cycle` it goes up again instead: `decay_steps` is then the next multiple of it that `step` has not passed.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._number("decay_steps", decay_steps, above=0)
        self.end_learning_rate = self._number("end_learning_rate", end_learning_rate)
        self.power = self._number("power", power, 0)
        self.cycle, self.name = flag("PolynomialDecay: cycle", cycle), name

    def _rates(self, step: Steps) -> Steps:
        cycles = np.maximum(1, np.ceil(step / self.decay_steps)) if self.cycle else 1
        done = np.minimum(1, step / (self.decay_steps * cycles))
        return (self.initial_learning_rate - self.end_learning_rate) * (1 - done) ** self.power + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a wave from the initial rate down to `alpha` times it, ``1/2 (1 + cos(π step / decay_steps))``.

    With a `warmup_target` the rate first rises in a straight line to that, in `warmup_steps`, and the wave follows.

    Examples
    --------
    >>> CosineDecay(0.0, 10, warmup_target=0.4, warmup_steps=2).rates(0, 4).round(4).tolist()
    [0.0, 0.2, 0.4, 0.3902]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._number("decay_steps", decay_steps, above=0)
        self.alpha, self.name = self._number("alpha", alpha), name
        self.warmup_target = None if warmup_target is None else self._number("warmup_target", warmup_target)
        self.warmup_steps = self._number("warmup_steps", warmup_steps, 0)

    def _rates(self, step: Steps) -> Steps:
        start, top = self.initial_learning_rate, self.warmup_target
        if top is None:
            return start * _cosine(np.minimum(1, step / self.decay_steps), self.alpha)
        after = np.clip((step - self.warmup_steps) / self.decay_steps, 0, 1)
        rising = start + (top - start) * step / max(self.warmup_steps, 1)
        return np.where(step < self.warmup_steps, rising, top * _cosine(after, self.alpha))


class CosineDecayRestarts(LearningRateSchedule):
    """Half waves one after the other, each `t_mul` times as long as the one before and `m_mul` times as high.

    Examples
    --------
    >>> CosineDecayRestarts(0.4, first_decay_steps=2, m_mul=0.5).rates(0, 5).round(4).tolist()
    [0.4, 0.2, 0.2, 0.1707, 0.1]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = self._number("first_decay_steps", first_decay_steps, above=0)
        self.t_mul = self._number("t_mul", t_mul, 1)
        self.m_mul, self.alpha = self._number("m_mul", m_mul, 0), self._number("alpha", alpha)
        self.name = name

    def _rates(self, step: Steps) -> Steps:
        growth = self.t_mul - 1
        done = step / self.first_decay_steps * (1 + 1e-12)  # a hair more: no restart comes late by rounding
        if growth == 0:
            wave = np.floor(done)
            part = done - wave
        else:  # wave n starts after 1 + t + … + t^(n-1) = (t^n - 1) / (t - 1) times the first
            log = math.log1p(growth)
            wave = np.floor(np.log1p(done * growth) / log)
            part = (done - np.expm1(wave * log) / growth) / self.t_mul**wave
        return self.initial_learning_rate * _cosine(part, self.alpha, self.m_mul**wave)


def _cosine(done: Steps, alpha: float, height: float | Steps = 1.0) -> Steps:
    """From 1 down to `alpha` as `done` goes from 0 to 1, the wave between them `height` times as high."""
    return (1 - alpha) * height * (0.5 * (1 + np.cos(np.pi * done))) + alpha


# ---- the lectures', by epochs


class EpochDecay(LearningRateSchedule):
    """A rate that stays the same all through an epoch.

    `steps_per_epoch` is how many updates an epoch has; where it is None, `fit` fills it in. The first epoch counts as
    `first_epoch`.
    """

    steps_per_epoch: int | None = None
    wants_steps_per_epoch: bool = False  # whether each fit fills it in
    first_epoch: int = 1

    def _keep_epochs(
        self, initial_learning_rate: float, steps_per_epoch: int | None, first_epoch: int, low: int
    ) -> None:
        where = type(self).__name__
        self.initial_learning_rate = self._number("initial_learning_rate", initial_learning_rate)
        self.steps_per_epoch = None if steps_per_epoch is None else whole(f"{where}: steps_per_epoch", steps_per_epoch)
        self.wants_steps_per_epoch = steps_per_epoch is None
        self.first_epoch = whole(f"{where}: first_epoch", first_epoch, low)

    def _epoch_rates(self, epoch: Steps) -> Steps:
        """The rate in an epoch."""
        raise NotImplementedError

    def _rates(self, step: Steps) -> Steps:
        if self.steps_per_epoch is None:
            raise RuntimeError(f"{type(self).__name__}: expected steps_per_epoch before the first rate, got None; "
                               "give it, or let fit fill it in")  # fmt: skip
        return self._epoch_rates(self.first_epoch + np.floor(step / self.steps_per_epoch))


class InverseEpochDecay(EpochDecay):
    """``initial / (1 + decay_rate · epoch)``.

    Examples
    --------
    >>> InverseEpochDecay(0.2, decay_rate=1, steps_per_epoch=1).rates(0, 4).round(4).tolist()
    [0.1, 0.0667, 0.05, 0.04]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_rate: float = 1.0,
        steps_per_epoch: int | None = None,
        first_epoch: int = 1,
    ) -> None:
        self._keep_epochs(initial_learning_rate, steps_per_epoch, first_epoch, 0)
        self.decay_rate = self._number("decay_rate", decay_rate, 0)

    def _epoch_rates(self, epoch: Steps) -> Steps:
        return self.initial_learning_rate / (1 + self.decay_rate * epoch)


class ExponentialEpochDecay(EpochDecay):
    """``initial · decay_rate^epoch``.

    Examples
    --------
    >>> ExponentialEpochDecay(0.2, steps_per_epoch=10)(0)
    0.19
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_rate: float = 0.95,
        steps_per_epoch: int | None = None,
        first_epoch: int = 1,
    ) -> None:
        self._keep_epochs(initial_learning_rate, steps_per_epoch, first_epoch, 0)
        self.decay_rate = self._number("decay_rate", decay_rate, 0)

    def _epoch_rates(self, epoch: Steps) -> Steps:
        return self.initial_learning_rate * self.decay_rate**epoch


class SqrtEpochDecay(EpochDecay):
    """``initial · k / √epoch``, for epochs from 1 on.

    Examples
    --------
    >>> SqrtEpochDecay(0.2, steps_per_epoch=1).rates(0, 4).round(4).tolist()
    [0.2, 0.1414, 0.1155, 0.1]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        k: float = 1.0,
        steps_per_epoch: int | None = None,
        first_epoch: int = 1,
    ) -> None:
        self._keep_epochs(initial_learning_rate, steps_per_epoch, first_epoch, 1)
        self.k = self._number("k", k, above=0)

    def _epoch_rates(self, epoch: Steps) -> Steps:
        return self.initial_learning_rate * self.k / np.sqrt(epoch)
