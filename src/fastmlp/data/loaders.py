"""Data sets: small digits that come with the package; MNIST and cat / non-cat from files the user has."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastmlp.data._formats import idx, npz
from fastmlp.saving.atomic import path_of

Part: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
Parts: TypeAlias = tuple[Part, Part]

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def load_digits() -> Parts:
    """1797 handwritten digits of 8×8 pixels, which come with fastmlp: ``(x_train, y_train), (x_test, y_test)``.

    Images are uint8 (n, 8, 8) of values 0 … 16, labels uint8 (n,). The first 1437 are the training part, the last 360
    the test part. By E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0; see DIGITS.md.

    >>> (x_train, y_train), (x_test, y_test) = load_digits()
    >>> x_train.shape, y_test.shape, int(x_train.max())
    ((1437, 8, 8), (360,), 16)
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        x, y = file["x"], file["y"]
    return (x[:1437], y[:1437]), (x[1437:], y[1437:])


def load_mnist(path: str | os.PathLike[str] | None = None) -> Parts:
    """MNIST from files on this machine: ``(x_train, y_train), (x_test, y_test)``, uint8 (n, 28, 28) and (n,).

    Read is ``mnist.npz`` (as Keras keeps it) or the four original files ``train-images-idx3-ubyte`` …, gzipped or not.
    Looked for in this order: `path` (a file or a folder; nowhere else if given), the folder ``$FASTMLP_DATA``,
    ``~/.keras/datasets``, ``./data``. Nothing is downloaded.
    """
    return _load("load_mnist", path, "mnist.npz", _IDX)


def load_cat_or_not(path: str | os.PathLike[str] | None = None) -> Parts:
    """The lectures' cats and other things from ``catvnoncat.npz``: uint8 (n, 64, 64, 3), labels 1 for a cat.

    Returns ``(x_train, y_train), (x_test, y_test)``; looks where `load_mnist` does.
    """
    return _load("load_cat_or_not", path, "catvnoncat.npz", ())


def _load(where: str, path: str | os.PathLike[str] | None, name: str, originals: tuple[str, ...]) -> Parts:
    looked = []
    for place in _places(path):
        looked.append(str(place))
        if place.is_file():
            from_idx = originals and place.suffix != ".npz"
            return _checked(where, place, _all_idx(where, place.parent, originals) if from_idx else _npz(where, place))
        if (place / name).is_file():
            return _checked(where, place / name, _npz(where, place / name))
        if originals and _idx_file(place, originals[0]):
            return _checked(where, place, _all_idx(where, place, originals))
    wanted = f"{name} or {originals[0]}[.gz] …" if originals else name
    raise FileNotFoundError(f"{where}: expected {wanted} in one of the places looked at, got none in "
                            f"{', '.join(looked)}; give its path or set FASTMLP_DATA to its folder")  # fmt: skip


def _places(path: str | os.PathLike[str] | None) -> Iterator[Path]:
    if path is not None:
        yield Path(path_of("path", path)).expanduser()
        return
    if os.environ.get("FASTMLP_DATA"):
        yield Path(os.environ["FASTMLP_DATA"]).expanduser()
    yield Path.home() / ".keras" / "datasets"
    yield Path("data")


def _checked(where: str, place: Path, found: Mapping[str, NDArray[Any]]) -> Parts:
    parts = ((found["x_train"], found["y_train"].ravel()), (found["x_test"], found["y_test"].ravel()))
    if any(x.ndim < 2 or len(x) != len(y) for x, y in parts):
        shapes = {key: found[key].shape for key in _KEYS}
        raise ValueError(f"{where}: expected a label for each image in {place}, got {shapes!r}; get the file anew")
    return parts


def _npz(where: str, place: Path) -> dict[str, NDArray[Any]]:
    with _blaming(where, place):
        return npz(place.read_bytes(), _KEYS)


def _all_idx(where: str, folder: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    files = {name: _idx_file(folder, name) for name in names}
    missing = [name for name, file in files.items() if file is None]
    if missing:
        raise FileNotFoundError(f"{where}: expected {', '.join(names)} in {folder}, "
                                f"got all but {', '.join(missing)}; put the four into one folder")  # fmt: skip
    return {key: _idx(where, file) for key, file in zip(_KEYS, files.values()) if file is not None}


def _idx_file(folder: Path, name: str) -> Path | None:
    """The file of that name, gzipped or not, also as train-images.idx3-ubyte."""
    spellings = [spelt + end for spelt in (name, name.replace("-idx", ".idx")) for end in ("", ".gz")]
    return next((folder / spelt for spelt in spellings if (folder / spelt).is_file()), None)


def _idx(where: str, place: Path) -> NDArray[Any]:
    with _blaming(where, place), place.open("rb") as file:
        return idx(file)


@contextmanager
def _blaming(where: str, place: Path) -> Iterator[None]:
    """What a file makes go wrong within is a ValueError that names it; errors of the disk stay as they are."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise
        raise ValueError(f"{where}: expected a whole data set, got {str(place)!r}, which gives "
                         f"{type(error).__name__}: {error}; get the file anew") from error  # fmt: skip
