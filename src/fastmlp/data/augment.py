"""Images slightly shifted, turned, zoomed and mirrored: more training data with the same labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp import _core
from fastmlp._objects import Configurable
from fastmlp._validate import number, unknown
from fastmlp._warp import pictures, warp
from fastmlp.data import _stream

_FLIPS = {None: (False, False), "horizontal": (False, True), "vertical": (True, False)}
_FLIPS["horizontal_and_vertical"] = (True, True)
_DRAWS = 6  # numbers drawn for an image: shift down, shift right, angle, zoom, two flips


class Augment(Configurable):
    """Draws a shift, an angle, a zoom and a flip for each image and applies them in one step, bilinearly.

    Called with a batch of images (n, h, w) or (n, h, w, c), and whatever belongs to them (labels, weights), which
    passes unchanged. So it can stand in ``Dataset.map`` behind ``batch``. Each call draws anew; equal seeds give
    equal series of calls.

    Parameters
    ----------
    shift
        Largest shift as a share of height and width: one number, or one for each.
    rotate
        Largest angle in degrees.
    zoom
        Largest change of size: 0.1 draws factors from 0.9 to 1.1.
    flip
        'horizontal', 'vertical' or 'horizontal_and_vertical': mirrored in every second image; None for never.
    fill_value
        What comes in from outside the image.
    seed
        Fixes the draws.

    >>> images, labels = np.ones((4, 28, 28), np.float32), np.arange(4)
    >>> moved, same = Augment(shift=0.1, rotate=15, seed=1)(images, labels)
    >>> moved.shape, moved.dtype.name, same is labels
    ((4, 28, 28), 'float32', True)
    """

    def __init__(
        self,
        shift: float | tuple[float, float] = 0.0,
        rotate: float = 0.0,
        zoom: float = 0.0,
        flip: str | None = None,
        fill_value: float = 0.0,
        seed: int | None = None,
    ) -> None:
        if flip not in _FLIPS:
            unknown("Augment: flip", flip, [name for name in _FLIPS if name])
        self._shifts = [
            number("Augment: shift", s, 0) for s in (shift if isinstance(shift, (tuple, list)) else (shift,) * 2)
        ]
        if len(self._shifts) != 2:
            raise ValueError(
                f"Augment: expected shift of two numbers (height, width), got {shift!r}; or give one for both"
            )
        number("Augment: zoom", zoom, 0, 0.99)
        self.shift, self.rotate, self.zoom, self.flip = shift, number("Augment: rotate", rotate, 0), zoom, flip
        self.fill_value, self.seed = number("Augment: fill_value", fill_value), seed
        self.turns = _stream.Turns("Augment: seed", seed)

    def __call__(self, images: ArrayLike, *rest: Any) -> Any:
        """The images changed; a tuple with what was passed beside them, if anything was."""
        batch = pictures(images)
        changed = warp(batch, *self._draw(batch.shape), self.fill_value)
        return (changed, *rest) if rest else changed

    def _draw(self, shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For each image a matrix that takes places of the result to places of the image, and a shift."""
        words = _core.random_words(shape[0], _DRAWS, (self.turns.seed, _stream.AUGMENT, self.turns.next(), 0, 0))
        within = words.T * 2.0**-31 - 1.0  # of [-1, 1)
        down, right = (draw * most * size for draw, most, size in zip(within, self._shifts, shape[1:3]))
        angle, scale = np.deg2rad(self.rotate) * within[2], 1.0 + self.zoom * within[3]
        flips = [np.where(may & (draw < 0), -1.0, 1.0) for may, draw in zip(_FLIPS[self.flip], within[4:])]
        # the result is zoom · turn · flip of the image, then shifted: its inverse is flip · turn back / zoom
        turn_back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / scale
        return np.moveaxis(turn_back * np.array(flips)[:, None], -1, 0), np.stack([down, right], axis=1)


def random_shift(
    images: ArrayLike, by: float | tuple[float, float] = 0.1, seed: int | None = None, fill_value: float = 0.0
) -> NDArray[Any]:
    """Each image moved by up to `by` of its height and width."""
    return np.asarray(Augment(shift=by, seed=seed, fill_value=fill_value)(images))


def random_rotate(
    images: ArrayLike, by: float = 15.0, seed: int | None = None, fill_value: float = 0.0
) -> NDArray[Any]:
    """Each image turned by up to `by` degrees."""
    return np.asarray(Augment(rotate=by, seed=seed, fill_value=fill_value)(images))


def random_zoom(images: ArrayLike, by: float = 0.1, seed: int | None = None, fill_value: float = 0.0) -> NDArray[Any]:
    """Each image made smaller or larger by up to `by` of its size."""
    return np.asarray(Augment(zoom=by, seed=seed, fill_value=fill_value)(images))


def random_flip(images: ArrayLike, mode: str = "horizontal", seed: int | None = None) -> NDArray[Any]:
    """About every second image mirrored; exact, no pixel changes its value."""
    return np.asarray(Augment(flip=mode, seed=seed)(images))
