"""CSVLogger: the logs of every epoch as a table in a file."""

from __future__ import annotations

import csv
import io
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from typing import Any

import numpy as np

from fastmlp._validate import brief, flag
from fastmlp.models.hooks import Callback, Logs
from fastmlp.saving.atomic import path_of


class CSVLogger(Callback):
    """Writes the logs of every epoch as a line of a CSV file.

    Parameters
    ----------
    filename
        Where to.
    separator
        Between the columns.
    append
        Go on with the file that is there, as after an interruption.

    >>> CSVLogger("log.csv", separator=";").sep
    ';'
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        if not (isinstance(separator, str) and len(separator) == 1):
            raise ValueError(f"CSVLogger: expected one character as separator, got {brief(separator)}; ',' or ';', say")
        self.filename, self.sep = path_of("CSVLogger", filename), separator
        self.append = flag("CSVLogger: append", append)
        self.keys: list[str] | None = None
        self._file: FileIO | None = None
        self._begun, self._written = 0, bytearray()  # where in the file the lines of this fit begin, and these

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self.on_train_end()
        self.keys = None
        try:
            self._file = open(self.filename, "ab" if self.append else "wb", buffering=0)  # noqa: SIM115, closed at the end
        except OSError as error:
            raise type(error)(f"CSVLogger: expected a file to write, got {self.filename!r}: {error.strerror}; make its "
                              "folder first, or take another name") from None  # fmt: skip
        self._begun, self._written = os.fstat(self._file.fileno()).st_size, bytearray()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line; the first one decides about the columns."""
        if self._file is None:
            raise RuntimeError("CSVLogger: expected on_train_begin first, got on_epoch_end; call the hooks in order")
        logs, lines = logs or {}, io.StringIO()
        writer = csv.writer(lines, delimiter=self.sep)
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):  # validation may come in a later epoch
                self.keys += [f"val_{key}" for key in self.keys]
            if not os.fstat(self._file.fileno()).st_size:
                writer.writerow(["epoch", *self.keys])
        writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        self._write(self._file, lines.getvalue().encode())

    def _write(self, file: FileIO, lines: bytes) -> None:
        """All of them or, if that fails, none."""
        size, left = os.fstat(file.fileno()).st_size, memoryview(lines)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            with suppress(OSError):
                self._cut(file, size)
            raise OSError(error.errno, f"CSVLogger: expected room for a line, got {error.strerror!r}; the lines before "
                          "it stay, make room and go on with append=True", self.filename) from error  # fmt: skip
        self._written += lines

    @staticmethod
    def _cut(file: FileIO, size: int) -> None:
        file.truncate(size)
        file.seek(size)

    def get_state(self) -> Logs:
        """The columns, and the lines of this fit."""
        return {"keys": self.keys, "begun": self._begun, "written": np.frombuffer(bytes(self._written), np.uint8)}

    def set_state(self, state: Logs) -> None:
        """Let the file hold these lines, and none that came after them."""
        if self._file is None:
            return
        self.keys, about = state["keys"], os.fstat(self._file.fileno())
        if stat.S_ISREG(about.st_mode):  # what went into a pipe is gone
            self._begun, self._written = min(state["begun"], about.st_size), bytearray()
            self._cut(self._file, self._begun)
            self._write(self._file, state["written"].tobytes())

    def on_abort(self, logs: Logs | None = None) -> None:
        """Close it."""
        self.on_train_end()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()
        self._file = None


def _cell(value: Any) -> Any:
    several = isinstance(value, Iterable) and not isinstance(value, str)
    several = several and not (isinstance(value, np.ndarray) and value.ndim == 0)
    return f'"[{", ".join(map(str, value))}]"' if several else value
