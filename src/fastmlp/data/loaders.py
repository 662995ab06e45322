"""Data sets: small digits that come with the package; MNIST and cat / non-cat from files the user has."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastmlp.saving.atomic import path_of

Part: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
Parts: TypeAlias = tuple[Part, Part]

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


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


def _load(where: str, path: str | os.PathLike[str] | None, name: str, idx: tuple[str, ...]) -> Parts:
    looked = []
    for place in _places(path):
        looked.append(str(place))
        if place.is_file():
            from_idx = idx and place.suffix != ".npz"
            return _checked(where, place, _all_idx(where, place.parent, idx) if from_idx else _npz(where, place))
        if (place / name).is_file():
            return _checked(where, place / name, _npz(where, place / name))
        if idx and _idx_file(place, idx[0]):
            return _checked(where, place, _all_idx(where, place, idx))
    wanted = f"{name} or {idx[0]}[.gz] …" if idx else name
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
        _broken(where, place, "a label for each image", shapes)
    return parts


def _npz(where: str, place: Path) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(place):
        _broken(where, place, "an .npz file", "another kind of file")
    with np.load(place, allow_pickle=False) as file:
        if not set(_KEYS) <= set(file.files):
            _broken(where, place, f"arrays {', '.join(_KEYS)}", sorted(file.files))
        return {key: file[key] for key in _KEYS}


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
    """An array in IDX form: 0, 0, type, rank, then big-endian lengths, then the numbers."""
    raw = place.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        import gzip

        raw = gzip.decompress(raw)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _IDX_TYPES or len(raw) < 4 + 4 * raw[3]:
        _broken(where, place, "an IDX file", raw[:4])
    shape = np.frombuffer(raw, ">u4", raw[3], offset=4).astype(np.int64)
    numbers = raw[4 + 4 * raw[3] :]
    dtype = np.dtype(_IDX_TYPES[raw[2]])
    if len(numbers) != shape.prod() * dtype.itemsize:
        _broken(where, place, f"{shape.prod() * dtype.itemsize} bytes for shape {tuple(shape.tolist())}", len(numbers))
    return np.frombuffer(numbers, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _broken(where: str, place: Path, rule: str, got: object) -> NoReturn:
    raise ValueError(f"{where}: expected {rule} in {place}, got {got!r}; get the file anew")
