"""CSVLogger: the logs of every epoch as a table in a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from fastmlp.models.hooks import Callback, Logs


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
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self._file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self.on_train_end()
        self.keys = None
        try:
            self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115, closed at the end
        except OSError as error:
            raise type(error)(f"CSVLogger: expected a file to write, got {self.filename!r}: {error.strerror}; make its "
                              "folder first, or take another name") from None  # fmt: skip

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line; the first one decides about the columns."""
        if self._file is None:
            raise RuntimeError("CSVLogger: expected on_train_begin first, got on_epoch_end; call the hooks in order")
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.sep)
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):  # validation may come in a later epoch
                self.keys += [f"val_{key}" for key in self.keys]
            if not Path(self.filename).stat().st_size:
                writer.writerow(["epoch", *self.keys])
        writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        self._file.flush()

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
