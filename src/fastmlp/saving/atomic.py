"""Files that are replaced whole: at any moment, whatever fails, the old content or the new stands there."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from fastmlp._validate import brief

OF_KERAS = (".keras", ".weights.h5", ".h5", ".hdf5")
_TORCH = (".pt", ".pth")


def ending(path: str) -> str:
    """Which ending of Keras's a name has; "" if none, which is that of a file in our own format.

    >>> ending("best.weights.h5"), ending("best.safetensors")
    ('.weights.h5', '')
    """
    return next((one for one in OF_KERAS if path.lower().endswith(one)), "")


def checked_path(where: str, filepath: Any, endings: tuple[str, ...] = ()) -> str:
    """The path as a string; names that promise another format than ours and these `endings` of Keras's are refused."""
    try:
        path = os.fsdecode(filepath)
    except TypeError:
        raise TypeError(f"{where}: expected a path, got {brief(filepath)}; give a string or a pathlib.Path") from None
    if not path:
        raise ValueError(f"{where}: expected a path, got ''; name a file, 'model.safetensors' for one")
    if ending(path) and ending(path) not in endings:
        raise ValueError(f"{where}: expected a name that ends in {_either(*endings, '.safetensors')}, got "
                         f"{brief(path)}; change the ending, which says what the file holds")  # fmt: skip
    if path.lower().endswith(_TORCH):
        raise ValueError(f"{where}: expected a name that ends in .safetensors, got {brief(path)}; files of PyTorch are "
                         "not in fastmlp; use .safetensors")  # fmt: skip
    return path


def _either(*names: str) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def target(where: str, filepath: Any, overwrite: bool, endings: tuple[str, ...] = ()) -> str:
    """Where to write, links followed, once it is clear that this may be done."""
    path = checked_path(where, filepath, endings)
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{where}: expected a folder that is there, got {folder!r}; make it first, "
                                "os.makedirs does")  # fmt: skip
    if os.path.isdir(path) or not os.path.basename(path):
        raise IsADirectoryError(f"{where}: expected a path for a file, got the folder {path!r}; add a file name")
    if os.path.exists(path):
        if not overwrite:
            raise FileExistsError(f"{where}: expected a path with no file yet, got {path!r}; remove it, take another "
                                  "name, or say overwrite=True")  # fmt: skip
        if not os.path.isfile(path):
            raise OSError(f"{where}: expected a path for a file, got {path!r}, a device or the like; take another name")
        if not os.access(path, os.W_OK):
            raise PermissionError(f"{where}: expected a file that may be written, got {path!r}; allow it, or take "
                                  "another name")  # fmt: skip
    return os.path.realpath(path)


def write(path: str, parts: Iterable[bytes | memoryview]) -> None:
    """Make these bytes the content of the file at `path`, all of them or, if anything fails, none.

    A new file gets the permissions that any new file gets, one that is replaced keeps its own.
    """
    folder = os.path.dirname(path)
    fresh = os.path.join(folder, f".fastmlp-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "wb") as file:
            if os.path.exists(path):
                os.fchmod(descriptor, stat.S_IMODE(os.stat(path).st_mode))
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(descriptor)
        os.replace(fresh, path)
    except BaseException:
        with suppress(FileNotFoundError):  # interrupted just after it was renamed
            os.unlink(fresh)
        raise
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the new name, too, outlasts a power cut
    finally:
        os.close(descriptor)
