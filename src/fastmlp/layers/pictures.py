"""Layers that change pictures at random in training, and leave them alone otherwise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmlp import _core, eager
from fastmlp._validate import brief, number, unknown
from fastmlp._warp import FILL_MODES, pictures, warp
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.tensor import Tensor, is_symbolic
from fastmlp.layers.base import Layer, not_here
from fastmlp.layers.calls import leaves, outermost

Draws = NDArray[np.float64]


def _range(where: str, given: Any) -> tuple[float, float]:
    """From where to where numbers are drawn; one number stands for that and its negative."""
    if isinstance(given, (list, tuple)):
        if len(given) != 2:
            raise ValueError(f"{where}: expected one number, or two, got {brief(given)}; give (lowest, highest)")
        low, high = sorted(number(where, one) for one in given)
        return low, high
    most = abs(number(where, given))
    return -most, most


class _Random(Layer):
    """Pictures (rows, height, width) or (rows, height, width, channels), each changed by a draw of its own.

    Called by itself it changes them, as Keras has it; within a model it does so in training alone.
    """

    draws_a_row: int

    def __init__(
        self,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        where = type(self).__name__
        if fill_mode not in FILL_MODES:
            unknown(f"{where}: fill_mode", fill_mode, FILL_MODES)
        if interpolation != "bilinear":
            raise ValueError(f"{where}: expected interpolation 'bilinear', got {interpolation!r}; leave it out")
        if data_format != "channels_last":
            not_here(where, data_format=data_format)
        self.fill_mode, self.interpolation, self.data_format = fill_mode, interpolation, data_format
        self.seed = seed
        self.fill_value = number(f"{where}: fill_value", fill_value)

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """The pictures, changed unless it is said that this is no training."""
        if outermost() and not any(is_symbolic(one) for one in leaves((args, settings))):
            settings.setdefault("training", True)
        return super().__call__(*args, **settings)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return input_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The pictures, each changed by a draw of its own in training."""
        x = as_tensor(inputs, self.variable_dtype)
        if not training:
            return x
        images = pictures(x.array)
        words = _core.random_words(len(images), self.draws_a_row, eager.place_of(self, self.seed))
        draws = words.T.astype(np.float64) * 2.0**-32  # of [0, 1)
        matrices, shifts = self.maps(draws, images.shape)
        return Tensor(warp(images, matrices, shifts, self.fill_value, self.fill_mode))

    def maps(self, draws: Draws, shape: tuple[int, ...]) -> tuple[Draws, Draws]:
        """For each picture a matrix, from places of the result to those of the picture, and a shift."""
        raise NotImplementedError


def _between(draw: Draws, ends: tuple[float, float]) -> Draws:
    return ends[0] + (ends[1] - ends[0]) * draw


def _diagonals(down: Draws, right: Draws) -> Draws:
    found = np.zeros((len(down), 2, 2))
    found[:, 0, 0], found[:, 1, 1] = down, right
    return found


_FLIPS = {"horizontal": (False, True), "vertical": (True, False), "horizontal_and_vertical": (True, True)}


class RandomFlip(_Random):
    """About every second picture mirrored.

    Parameters
    ----------
    mode
        ``"horizontal"``, ``"vertical"`` or ``"horizontal_and_vertical"``, each by a draw of its own.
    seed
        Fixes the draws.

    Examples
    --------
    >>> RandomFlip("horizontal", seed=1)(np.zeros((2, 28, 28))).shape
    (2, 28, 28)
    """

    draws_a_row = 2

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None,
                 data_format: str | None = None, **settings: Any) -> None:  # fmt: skip
        super().__init__(seed=seed, data_format=data_format, **settings)
        if mode not in _FLIPS:
            unknown("RandomFlip: mode", mode, list(_FLIPS))
        self.mode = mode

    def maps(self, draws: Draws, shape: tuple[int, ...]) -> tuple[Draws, Draws]:
        """-1 along the axes that are mirrored."""
        signs = [np.where((draw < 0.5) & may, -1.0, 1.0) for draw, may in zip(draws, _FLIPS[self.mode], strict=True)]
        return _diagonals(*signs), np.zeros((shape[0], 2))


class RandomRotation(_Random):
    """Pictures turned.

    Parameters
    ----------
    factor
        By how much of a full turn at most, 0.1 for 36 degrees to either side; or from where to where.
    fill_mode, fill_value
        What comes in from outside: ``"reflect"``, ``"wrap"``, ``"nearest"`` or ``"constant"``, the fill value.
    seed
        Fixes the draws.
    """

    draws_a_row = 1

    def __init__(self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
                 seed: int | None = None, fill_value: float = 0.0, **settings: Any) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **settings)
        self.factor, self._range = factor, _range("RandomRotation: factor", factor)

    def maps(self, draws: Draws, shape: tuple[int, ...]) -> tuple[Draws, Draws]:
        """Turned back by the angle."""
        angle = 2 * math.pi * _between(draws[0], self._range)
        turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        return np.moveaxis(turned, -1, 0), np.zeros((shape[0], 2))


class RandomTranslation(_Random):
    """Pictures moved.

    Parameters
    ----------
    height_factor, width_factor
        By how much of the height (down) and of the width (to the right) at most, to either side; or from where to
        where.
    fill_mode, fill_value
        What comes in from outside: ``"reflect"``, ``"wrap"``, ``"nearest"`` or ``"constant"``, the fill value.
    seed
        Fixes the draws.
    """

    draws_a_row = 2

    def __init__(self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
                 **settings: Any) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **settings)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = _range("RandomTranslation: height_factor", height_factor)
        self._right = _range("RandomTranslation: width_factor", width_factor)

    def maps(self, draws: Draws, shape: tuple[int, ...]) -> tuple[Draws, Draws]:
        """So many pixels."""
        down, right = _between(draws[0], self._down) * shape[1], _between(draws[1], self._right) * shape[2]
        return _diagonals(np.ones(shape[0]), np.ones(shape[0])), np.stack([down, right], axis=1)


class RandomZoom(_Random):
    """Pictures made smaller or larger.

    Parameters
    ----------
    height_factor, width_factor
        By how much at most, to either side, or from where to where: 0.2 is seen from farther away, five sixths as
        large, -0.2 from nearer. The width's is the height's unless given.
    fill_mode, fill_value
        What comes in from outside: ``"reflect"``, ``"wrap"``, ``"nearest"`` or ``"constant"``, the fill value.
    seed
        Fixes the draws.
    """

    draws_a_row = 2

    def __init__(self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
                 **settings: Any) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **settings)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = _range("RandomZoom: height_factor", height_factor)
        self._right = None if width_factor is None else _range("RandomZoom: width_factor", width_factor)
        for low, _ in (self._down, self._right or self._down):
            if low <= -1:
                raise ValueError(f"RandomZoom: expected factors above -1, got {low}; -1 is infinitely near")

    def maps(self, draws: Draws, shape: tuple[int, ...]) -> tuple[Draws, Draws]:
        """1 + factor along each axis."""
        down = 1 + _between(draws[0], self._down)
        right = down if self._right is None else 1 + _between(draws[1], self._right)
        return _diagonals(down, right), np.zeros((shape[0], 2))
