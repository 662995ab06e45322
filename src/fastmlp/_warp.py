"""Pictures shifted, turned, zoomed and mirrored, each by a map of the plane."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp._validate import brief

_PIXELS = 1 << 16  # warped at a time: what they need stays in the cache
_PADS: dict[str, Literal["symmetric", "edge", "wrap"]] = {"reflect": "symmetric", "nearest": "edge", "wrap": "wrap"}
FILL_MODES = ("constant", *_PADS)


def warp(
    images: NDArray[Any],
    matrices: NDArray[np.float64],
    shifts: NDArray[np.float64],
    fill_value: float = 0.0,
    fill_mode: str = "constant",
) -> NDArray[Any]:
    """Images seen through maps of the plane: ``result[p] = image[M·(p - centre - shift) + centre]``.

    Parameters
    ----------
    images
        (n, h, w) or (n, h, w, c), numbers of any type; whole numbers come back rounded.
    matrices, shifts
        (n, 2, 2) and (n, 2), in rows and columns of pixels. Between pixels values are bilinear; outside the image
        lies `fill_value`.
    fill_mode
        Or, if not ``"constant"``, the image's own edge (``"nearest"``), its mirror image (``"reflect"``), or the image
        over and over (``"wrap"``).
    """
    images = pictures(images)
    result = np.empty_like(images)
    step = max(1, _PIXELS // max(1, images[0].size)) if len(images) else 1
    for first in range(0, len(images), step):
        part = slice(first, first + step)
        result[part] = _rounded(
            _warped(images[part], matrices[part], shifts[part], fill_value, fill_mode), images.dtype
        )
    return result


def _warped(images: Any, matrices: Any, shifts: Any, fill_value: float, fill_mode: str) -> NDArray[Any]:
    n, height, width = images.shape[:3]
    centre = np.array([height - 1, width - 1]) / 2
    grid = np.indices((height, width)).reshape(2, -1) - centre[:, None]
    offset = centre - (matrices @ shifts[..., None])[..., 0]
    places = matrices @ grid + offset[..., None]  # (n, 2, pixels)
    framed = _framed(images, fill_value, fill_mode)
    places = _within(places, np.array([[height], [width]]), fill_mode)
    last = np.array([[height], [width]])
    places = np.clip(places + 1, 0, last + 1)
    corner = np.minimum(places.astype(np.int64), last)
    share = (places - corner).astype(framed.dtype).reshape(n, 2, -1, *[1] * (images.ndim - 3))
    down, right = share[:, 0], share[:, 1]
    flat = framed.reshape(-1, *images.shape[3:])
    first = (np.arange(n)[:, None] * (height + 2) + corner[:, 0]) * (width + 2) + corner[:, 1]
    above = _between(flat.take(first, 0), flat.take(first + 1, 0), right)
    below = _between(flat.take(first + width + 2, 0), flat.take(first + width + 3, 0), right)
    return _between(above, below, down).reshape(images.shape)


def _framed(images: Any, fill_value: float, fill_mode: str) -> NDArray[Any]:
    """With one more pixel at each side, which makes outside an ordinary place: what is farther away meets it alone."""
    wide = images.astype(np.result_type(images, np.float32), copy=False)
    sides = [(0, 0), (1, 1), (1, 1), *[(0, 0)] * (images.ndim - 3)]
    if fill_mode == "constant":
        return np.pad(wide, sides, constant_values=fill_value)
    return np.pad(wide, sides, mode=_PADS[fill_mode])


def _within(places: Any, size: Any, fill_mode: str) -> Any:
    """Places outside as those inside where the same is to be seen."""
    if fill_mode == "wrap":
        return np.mod(places, size)
    if fill_mode == "reflect":
        from_edge = np.mod(places + 0.5, 2 * size)
        return np.minimum(from_edge, 2 * size - from_edge) - 0.5
    return places


def _between(a: NDArray[Any], b: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(a * (1 - share) + b * share)


def _rounded(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind not in "iu":
        return values
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(np.rint(values), limits.min, limits.max))


def pictures(images: ArrayLike) -> NDArray[Any]:
    """A batch of images as an array."""
    batch = np.asarray(images)
    if batch.ndim not in (3, 4) or batch.dtype.kind not in "iuf":
        raise ValueError(f"augment: expected images (n, height, width) or (n, height, width, channels) of numbers, "
                         f"got {brief(batch)}; reshape them, a single image by image[None]")  # fmt: skip
    return batch
