"""Safetensors files, read: a header of JSON that says where each tensor lies, and nothing between them.

The file is read, not mapped into memory: what shortens it meanwhile makes an error here, not the end of the process.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections import Counter
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from fastmlp._validate import brief

MOST_TEXT = 1 << 24  # bytes of a header: a layer takes some hundred

# What the format calls the types of numbers, their bytes, and what they are to NumPy, which has no BF16.
_TYPES: dict[str, tuple[int, str | None]] = {
    "BOOL": (1, "?"), "U8": (1, "u1"), "I8": (1, "i1"), "U16": (2, "<u2"), "I16": (2, "<i2"), "U32": (4, "<u4"),
    "I32": (4, "<i4"), "U64": (8, "<u8"), "I64": (8, "<i8"), "F16": (2, "<f2"), "BF16": (2, None), "F32": (4, "<f4"),
    "F64": (8, "<f8"), "F8_E4M3": (1, None), "F8_E5M2": (1, None), "C64": (8, "<c8"),
}  # fmt: skip


def regular(path: str | os.PathLike[str]) -> BinaryIO:
    """A file to read: neither a folder nor a pipe, which would have us wait for somebody who writes, nor a device."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise IsADirectoryError(0, "a folder") if stat.S_ISDIR(mode) else OSError(0, "a pipe, a device or the like")
    return open(descriptor, "rb")


def open_regular(where: str, path: str) -> BinaryIO:
    """The same; what cannot be opened is an error that names it."""
    try:
        return regular(path)
    except OSError as error:
        raise type(error)(f"{where}: expected a file, got {path!r}: {error.strerror}; check the path") from None


def by_name(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are there once each: of two alike, readers differ on which one counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"JSON: expected each name once in an object, got {brief(name)} again")
    return found


class Tensors:
    """What a file holds: `metadata`, and by the names of tensors `shapes` and `codes`, the format's words for types.

    Parameters
    ----------
    file
        Open, at its beginning; it is read from again for each tensor.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        size = int.from_bytes(self._bytes(0, 8), "little")
        if size > MOST_TEXT:
            raise ValueError(f"a header of {size} bytes, where {MOST_TEXT} are the most")
        header = json.loads(self._bytes(8, size).decode(), object_pairs_hook=by_name)
        if not isinstance(header, dict):
            raise ValueError(f"expected a JSON object as header, got {brief(header)}")
        self.metadata = _metadata(header.pop("__metadata__", {}))
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.codes: dict[str, str] = {}
        self._places: dict[str, int] = {}
        self._take(header, 8 + size)

    def _take(self, header: Mapping[str, Any], start: int) -> None:
        """The tensors, one behind the other from `start` to the end of the file."""
        entries = [(name, *_entry(name, one)) for name, one in header.items()]
        at = start
        for name, code, shape, begin, end in sorted(entries, key=lambda entry: entry[3:]):
            if (begin + start, end - begin) != (at, math.prod(shape) * _TYPES[code][0]):
                raise ValueError(f"{name}: expected {shape} of {code} in a row with the others, got the bytes from "
                                 f"{begin} to {end}")  # fmt: skip
            self._places[name], at = at, start + end
            self.shapes[name], self.codes[name] = shape, code
        length = os.fstat(self._file.fileno()).st_size
        if at != length:
            raise ValueError(f"expected {at} bytes, as the header says, got {length}: it was cut off, or added to")

    def read(self, name: str) -> np.ndarray:
        """A tensor; of 16 bits as float32, which has all their numbers."""
        code, shape = self.codes[name], self.shapes[name]
        width, kind = _TYPES[code]
        if kind is None and code != "BF16":
            raise ValueError(f"{name}: expected numbers of a type NumPy has, got {code}; save it as F32")
        data = self._bytes(self._places[name], width * math.prod(shape))
        if code == "BF16":  # the upper halves of float32
            return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
        array = np.frombuffer(data, kind).reshape(shape)
        return array.astype(np.float32 if code == "F16" else array.dtype.newbyteorder("="), copy=False)

    def _bytes(self, at: int, count: int) -> bytearray:
        self._file.seek(at)
        data = bytearray(count)
        got = self._file.readinto(data)  # type: ignore[attr-defined]
        if got != count:
            raise ValueError(f"expected {count} bytes from {at} on, got {got}: the file ends there")
        return data


def _metadata(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError(f"expected texts by name as metadata, got {brief(found)}")
    return found


def _entry(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    """Type, shape and place of a tensor."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] not in _TYPES:
        raise ValueError(f"{name}: expected a type that is known, a shape and a place, got {brief(entry)}")
    shape, place = entry["shape"], entry["data_offsets"]
    whole = isinstance(shape, list) and isinstance(place, list) and len(place) == 2
    if not whole or not all(type(n) is int and 0 <= n < 1 << 63 for n in (*shape, *place)):
        raise ValueError(f"{name}: expected whole numbers as shape and place, got {brief(shape)} and {brief(place)}")
    return entry["dtype"], tuple(shape), place[0], place[1]
