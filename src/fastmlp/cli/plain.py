"""Plain CSV files, read by pandas when it is installed: some four times as fast as by the csv module.

Plain is a file without quotes whose rows all have as many cells as the header. For any other the answer is None, and
the csv module has the last word: so that what is read, and what is refused, does not depend on what is installed.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Cells: TypeAlias = "NDArray[np.float64] | list[str]"


def read_plain(path: str | PathLike[str], separator: str, columns: int, words: Collection[int]) -> list[Cells] | None:
    """The columns below the header: numbers if pandas saw nothing else in it, cells as they stand otherwise.

    Those at the places in `words` are left as they stand in any case.
    """
    try:
        import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return None
    text, sign = Path(path).read_bytes(), separator.encode()
    if b'"' in text or text.count(b"\r") > text.count(b"\r\n"):  # pandas loses rows behind a mere \r
        return None
    lines, longest = [line for line in text.splitlines() if line], csv.field_size_limit()
    if any(line.count(sign) != columns - 1 or line.isspace() or len(line) > longest for line in lines):
        return None  # rows of mere spaces pandas loses, too; cells without an end it takes
    # older versions round to the nearest number only when told to, newer ones warn of being told
    old = tuple(map(int, pandas.__version__.split(".")[:2])) < (3, 1)
    exact: dict[str, Any] = {"float_precision": "round_trip"} if old else {}
    cells: dict[str, Any] = {"dtype": dict.fromkeys(words, str), "na_filter": False, "skipinitialspace": True}
    shape: dict[str, Any] = {"sep": separator, "header": 0, "names": range(columns), "index_col": False}
    try:
        frame = pandas.read_csv(BytesIO(text), **shape, **cells, **exact, encoding="utf-8-sig", low_memory=False)
    except ValueError:  # broken: the other reader says where
        return None
    return None if frame.empty else [_cells(frame[place]) for place in range(columns)]


def _cells(column: Any) -> Cells:
    if column.dtype.kind in "biuf":
        values: NDArray[np.float64] = column.to_numpy(np.float64, copy=True)
        return values
    return list(map(str, column.tolist()))  # whole numbers beyond 64 bits come as numbers, too
