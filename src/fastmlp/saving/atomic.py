"""Files that are replaced whole: at any moment, whatever fails, the old content or the new stands there."""

from __future__ import annotations

import errno
import fcntl
import math
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from fastmlp._validate import brief

OF_KERAS = (".keras", ".weights.h5", ".h5", ".hdf5")
_TORCH = (".pt", ".pth")
_BEFORE, _BEHIND = ".fastmlp-", ".tmp"  # names of files that are being written
_YOUNG = 60.0  # seconds, in which whoever makes a file comes to lock it
_NOT_HERE = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)  # of folders that cannot be synced


def ending(path: str) -> str:
    """Which ending of Keras's a name has; "" if none, which is that of a file in our own format.

    >>> ending("best.weights.h5"), ending("best.safetensors")
    ('.weights.h5', '')
    """
    return next((one for one in OF_KERAS if path.lower().endswith(one)), "")


def path_of(where: str, given: Any) -> str:
    """The path as a string."""
    try:
        return os.fsdecode(given)
    except TypeError:
        raise TypeError(f"{where}: expected a path, got {brief(given)}; give a string or a pathlib.Path") from None


def checked_path(where: str, filepath: Any, endings: tuple[str, ...] = ()) -> str:
    """The path as a string; names that promise another format than ours and these `endings` of Keras's are refused."""
    path = path_of(where, filepath)
    if not path:
        raise ValueError(f"{where}: expected a path, got ''; name a file, 'model.safetensors' for one")
    if "\0" in path:
        raise ValueError(f"{where}: expected a path without null characters, got {brief(path)}; leave them out")
    if ending(path) and ending(path) not in endings:
        raise ValueError(f"{where}: expected a name that ends in {_either(*endings, '.safetensors')}, got "
                         f"{brief(path)}; change the ending, which says what the file holds")  # fmt: skip
    if path.lower().endswith(".onnx") and where != "export":
        raise ValueError(f"{where}: expected a name that ends in .safetensors, got {brief(path)}; model.export writes "
                         "files of ONNX, which are not read again")  # fmt: skip
    if path.lower().endswith(_TORCH):
        raise ValueError(f"{where}: expected a name that ends in .safetensors, got {brief(path)}; files of PyTorch "
                         "hold code: use .safetensors, by safetensors.torch.save_file and map='torch'")  # fmt: skip
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
    folder = os.path.dirname(path) or os.curdir
    fresh = os.path.join(folder, f"{_BEFORE}{secrets.token_hex(8)}{_BEHIND}")
    with naming(path):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    file = open(descriptor, "wb")  # noqa: SIM115, closed below
    try:
        with naming(path):
            _is_mine(descriptor)
            sweep(folder, os.fstat(descriptor).st_mtime - _YOUNG)
            if os.path.exists(path):
                os.fchmod(descriptor, stat.S_IMODE(os.stat(path).st_mode))
        for part in parts:  # which may be read from elsewhere, with errors of its own
            with naming(path):
                file.write(part)
        with naming(path):
            file.flush()
            os.fsync(descriptor)
            os.replace(fresh, path)  # still locked
    except BaseException:
        with suppress(OSError):  # interrupted just after it was renamed, or what failed fails again
            os.unlink(fresh)
        raise
    finally:
        with suppress(OSError):  # what it holds is on the disk, or given up
            file.close()
    with naming(path, "a name that outlasts a power cut", "the new file stands there, write it again"):
        _sync(folder)


@contextmanager
def naming(
    path: str,
    expected: str = "a file that can be written whole",
    mend: str = "what stood there stays; make room, allow it, or take another place",
) -> Iterator[None]:
    """Errors of the system within name the file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"expected {expected}, got {error.strerror!r}; {mend}", path) from error


def _sync(folder: str) -> None:
    """Let the names in it, too, outlast a power cut, if folders can be opened here, and synchronised."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise


# ---- what those who were killed left behind


def _is_mine(descriptor: int) -> bool:
    """Lock a file, as long as it is open and this process lives; False if another has done so, or nobody can."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sweep(folder: str, before: float = math.inf) -> None:
    """Remove unfinished files whose writer is no more: they would fill the disk, one for each time a run is killed.

    Those written `before` a time by the clock of the disk, which may not be that of this computer; younger ones may be
    about to be locked.
    """
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if entry.name.startswith(_BEFORE) and entry.name.endswith(_BEHIND):
                with suppress(OSError):  # another's, or just gone
                    _remove_if_left(entry.path, before)


def _remove_if_left(path: str, before: float) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        about = os.fstat(descriptor)
        if stat.S_ISREG(about.st_mode) and about.st_mtime < before and _is_mine(descriptor):
            os.unlink(path)
    finally:
        os.close(descriptor)
