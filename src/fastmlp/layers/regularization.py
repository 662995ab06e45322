"""Layers that work against overfitting: noise while training, and a penalty on what passes."""

from __future__ import annotations

from typing import Any, ClassVar

from fastmlp._spelling import older_spelling
from fastmlp._validate import brief, number, whole
from fastmlp.layers.base import Layer, Shape


def _rate(where: str, rate: Any) -> float:
    """A part of a whole, not all of it."""
    part = number(f"{where}: rate", rate, 0)
    if part >= 1:
        raise ValueError(f"{where}: rate: expected a number of at least 0 and below 1, got {rate!r}; 0.5 is half")
    return part


class _Noise(Layer):
    """What comes in, disturbed while training and left as it is otherwise."""

    kernel_name: ClassVar[str]
    amount: ClassVar[str] = "rate"  # the setting that says how much

    def __init__(self, seed: int | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise TypeError(f"{type(self).__name__}: expected an int or None as seed, got {brief(seed)}; give an int")
        self.seed = seed

    def lower(self) -> list[dict[str, Any]]:
        """The noise, if there is any."""
        amount = getattr(self, self.amount)
        noise = {"op": "noise", "name": self.kernel_name, "params": (amount,), "seed": self.seed}
        return [noise] if amount > 0 else []


class _MaskNoise(_Noise):
    """Noise that drops single features."""

    def __init__(
        self, rate: float | None = None, noise_shape: Any = None, seed: int | None = None, **settings: Any
    ) -> None:
        where = type(self).__name__
        if "p" in settings:
            older_spelling(f"{where}: p= is the older spelling; write rate=")
            rate = settings.pop("p")
        if rate is None:
            raise TypeError(f"{where}: expected a rate, got none; {where}(0.5) drops half")
        super().__init__(seed, **settings)
        self.rate = _rate(where, rate)
        self.noise_shape = None if noise_shape is None else self._axes(noise_shape)

    def _axes(self, noise_shape: Any) -> Shape:
        where = f"{type(self).__name__}: noise_shape"
        if isinstance(noise_shape, str) or not hasattr(noise_shape, "__iter__"):
            raise TypeError(f"{where}: expected a tuple, got {brief(noise_shape)}; leave it out")
        return tuple(None if n is None else whole(where, n) for n in noise_shape)

    def build_weights(self, shape: Shape) -> None:
        """Nothing, but see that each feature has a mask of its own."""
        mask = self.noise_shape
        if mask is None:
            return
        own = len(mask) == len(shape) and all(m in (None, n) for m, n in zip(mask, (None, *shape[1:]), strict=True))
        if not own:
            raise ValueError(f"{self.name}: expected a noise_shape that is the input's, {shape}, got {mask}; shared "
                             "masks are not in fastmlp: use Keras for this")  # fmt: skip


class Dropout(_MaskNoise):
    """Each feature 0 with probability `rate`, else divided by ``1 - rate``, so that its mean stays; while training.

    Parameters
    ----------
    rate
        Which part is dropped, from 0 to below 1.
    noise_shape
        None, or the shape of the input.
    seed
        Of the masks; None for new ones in each run.

    Examples
    --------
    >>> Dropout(0.2).lower()
    [{'op': 'noise', 'name': 'dropout', 'params': (0.2,), 'seed': None}]
    """

    kernel_name = "dropout"


class AlphaDropout(_MaskNoise):
    """Dropout for selu: what is dropped takes selu's lowest value; then mean 0 and variance 1 are restored.

    Parameters
    ----------
    rate
        Which part is dropped, from 0 to below 1.
    noise_shape
        None, or the shape of the input.
    seed
        Of the masks; None for new ones in each run.
    """

    kernel_name = "alpha_dropout"


class GaussianDropout(_Noise):
    """Each feature times a normal number of mean 1 and variance ``rate / (1 - rate)``; while training.

    Parameters
    ----------
    rate
        As that of `Dropout`, from 0 to below 1.
    seed
        Of the numbers; None for new ones in each run.
    """

    kernel_name = "gaussian_dropout"

    def __init__(self, rate: float, seed: int | None = None, **settings: Any) -> None:
        super().__init__(seed, **settings)
        self.rate = _rate("GaussianDropout", rate)


class GaussianNoise(_Noise):
    """Each feature plus a normal number of mean 0; while training.

    Parameters
    ----------
    stddev
        Its standard deviation.
    seed
        Of the numbers; None for new ones in each run.
    """

    kernel_name = "gaussian_noise"
    amount = "stddev"

    def __init__(self, stddev: float, seed: int | None = None, **settings: Any) -> None:
        super().__init__(seed, **settings)
        self.stddev = number("GaussianNoise: stddev", stddev, 0)


class ActivityRegularization(Layer):
    """What comes in, with a penalty ``l1 Σ|x| + l2 Σ x²``, a row's on average, added to the loss.

    Parameters
    ----------
    l1, l2
        The factors.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.l1 = number("ActivityRegularization: l1", l1, 0)
        self.l2 = number("ActivityRegularization: l2", l2, 0)

    def lower(self) -> list[dict[str, Any]]:
        """The penalty."""
        return [{"op": "activity", "l1": self.l1, "l2": self.l2}]
