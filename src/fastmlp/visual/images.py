"""Images: of data, and of the weights of units that look at images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp._validate import brief, whole
from fastmlp.visual.figures import label, panels

_SIZE = (1.5, 1.7)  # inches of an image and its title


def plot_images(
    images: ArrayLike,
    titles: Sequence[Any] | None = None,
    *,
    shape: Sequence[int] | None = None,
    columns: int = 10,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Images side by side, dark where they are 0; all with the same shades.

    Parameters
    ----------
    images
        An array (images, rows, columns), with 1 or 3 channels behind if there are any; or one row each, with `shape`.
    titles
        What is written above each, their labels for instance.
    shape
        Of an image, where they come as rows.
    columns
        How many stand side by side.
    title
        Above all of them.
    ax
        As many axes as images.

    Examples
    --------
    >>> from fastmlp.data import load_digits
    >>> (x, y), _ = load_digits()
    >>> figure = plot_images(x[:20], y[:20])
    """
    array = np.asarray(images)
    if shape is not None:
        array = _shaped("plot_images", array.reshape(len(array), -1), shape)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.dtype.kind not in "biuf":
        raise TypeError(f"plot_images: expected images of numbers, got {brief(array)}; convert them with astype")
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[-1] != 3):
        raise ValueError(f"plot_images: expected images (n, rows, columns), or with 1 or 3 channels, got shape "
                         f"{array.shape}; give shape=(28, 28), say")  # fmt: skip
    if titles is not None and len(titles) != len(array):
        raise ValueError(f"plot_images: expected {len(array)} titles, one for each image, got {len(titles)}; cut them")
    columns = whole("plot_images: columns", columns)
    figure, axes = panels("plot_images", ax, len(array), columns, _SIZE)
    if array.ndim == 4:
        array = _as_colors(array)
    finite = array[np.isfinite(array)]
    shades = {"cmap": "gray", "vmin": finite.min(initial=0), "vmax": finite.max(initial=0) or 1}
    for i, (panel, image) in enumerate(zip(axes, array)):
        _draw(panel, image, None if titles is None else str(titles[i]), **shades)
    if title is not None:
        figure.suptitle(title)
    return figure


def plot_weights(
    model: Any,
    layer: int | str | Any = None,
    shape: Sequence[int] = (28, 28),
    *,
    units: int | Sequence[int] = 64,
    columns: int = 8,
    ax: Any = None,
) -> Any:
    """What the units of a dense layer look for: the weights into each one as an image, red above 0, blue below.

    Parameters
    ----------
    model
        A model that is built.
    layer
        One of its dense layers: its place in ``model.layers``, its name or itself; None for the first.
    shape
        Of an image; with 3 channels the colours are the weights', grey is 0.
    units
        How many units from the first on, or which.
    columns
        How many images stand side by side.
    ax
        As many axes as units.
    """
    chosen = _layer(model, layer)
    kernel = np.asarray(chosen.get_weights()[0], np.float64)
    if kernel.ndim != 2 or kernel.shape[0] != math.prod(shape):
        raise ValueError(f"plot_weights: expected a kernel with {math.prod(shape)} rows for images {tuple(shape)}, got "
                         f"shape {kernel.shape} in layer '{chosen.name}'; give the shape its images have")  # fmt: skip
    if isinstance(units, (int, np.integer)):
        which = list(range(min(whole("plot_weights: units", units), kernel.shape[1])))
    else:
        which = [whole("plot_weights: units", unit, 0) for unit in units]
        if wrong := [unit for unit in which if unit >= kernel.shape[1]]:
            raise ValueError(f"plot_weights: expected units below {kernel.shape[1]}, got {wrong[0]}; lower it")
    images = _shaped("plot_weights", kernel.T[which], shape)
    figure, axes = panels("plot_weights", ax, len(which), whole("plot_weights: columns", columns), _SIZE)
    most = np.abs(images).max(initial=0.0) or 1.0
    for panel, unit, image in zip(axes, which, images):
        drawn = 0.5 + image / (2 * most) if image.ndim == 3 else image
        _draw(panel, drawn, f"unit {unit}", cmap="RdBu_r", vmin=-most, vmax=most)
    if ax is None:
        some = "" if len(which) == kernel.shape[1] else f", {len(which)} of {kernel.shape[1]} units"
        figure.suptitle(f"weights of '{chosen.name}', from {-most:.2g} to {most:.2g}{some}")
    return figure


def _layer(model: Any, layer: Any) -> Any:
    if not hasattr(model, "layers"):
        raise TypeError(f"plot_weights: expected a model, got {brief(model)}; give the one that has the layer")
    if layer is None:
        dense = [one for one in model.layers if _kernels(one)]
        if not dense:
            raise ValueError(f"plot_weights: expected a model with a dense layer that is built, got {brief(model)}; "
                             "call build or fit first")  # fmt: skip
        return dense[0]
    chosen = layer
    if isinstance(layer, str):
        chosen = model.get_layer(layer)
    elif isinstance(layer, (int, np.integer)):
        chosen = model.get_layer(index=int(layer))
    if not _kernels(chosen):
        raise ValueError(f"plot_weights: expected a dense layer that is built, got {brief(chosen)}; take another one")
    return chosen


def _kernels(layer: Any) -> list[Any]:
    """The weights of a layer, if the first of them is a matrix."""
    weights = list(layer.get_weights())
    return weights if weights and np.ndim(weights[0]) == 2 else []


def _shaped(where: str, rows: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """Rows as images."""
    if len(shape) not in (2, 3) or rows.shape[1] != math.prod(shape) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise ValueError(f"{where}: expected a shape (rows, columns), or with 1 or 3 channels, of {rows.shape[1]} "
                         f"numbers, got {tuple(shape)}; change it")  # fmt: skip
    images = rows.reshape(len(rows), *shape)
    return images[..., 0] if len(shape) == 3 and shape[2] == 1 else images


def _as_colors(images: NDArray[Any]) -> NDArray[Any]:
    """Channels from 0 to 1, where they come as those of bytes do, from 0 to 255."""
    full = 255.0 if np.nanmax(images, initial=0) > 1 else 1.0
    colors: NDArray[Any] = np.clip(images / full, 0, 1)
    return colors


def _draw(panel: Any, image: NDArray[Any], title: str | None, **shades: Any) -> None:
    panel.imshow(image, interpolation="nearest", **shades)
    panel.set_xticks([])
    panel.set_yticks([])
    label(panel, title)
