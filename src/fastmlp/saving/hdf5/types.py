"""Types and shapes of what is stored, and values of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fastmlp.saving.hdf5.source import Cursor, bad

Text = Callable[[int, int, int], Any]  # fetches the text at an address, of a number, of a length

_FIXED, _FLOAT, _TEXT, _OPAQUE, _ENUM, _VARIABLE = 0, 1, 3, 5, 8, 9
_CLASSES = ["integer", "floating-point", "time", "text", "bit field", "opaque", "compound", "reference", "enumeration",
            "variable-length", "array", "complex"]  # fmt: skip
# size: where the sign, the exponent and the mantissa are, how long they are, the exponent's bias
_IEEE = {2: (15, 10, 5, 0, 10, 15), 4: (31, 23, 8, 0, 23, 127), 8: (63, 52, 11, 0, 52, 1023)}
_MOST = 1 << 62  # bytes of an array


@dataclass(frozen=True)
class Type:
    """How a value is stored, in `size` bytes, and the type of NumPy that it becomes."""

    size: int
    dtype: np.dtype[Any]
    truth: bool = False  # one byte that is true or false
    text: bool = False  # a reference to text of any length

    def value(self, raw: Any, shape: tuple[int, ...], text: Text) -> np.ndarray:
        """An array of what these bytes hold; `text` fetches one of any length."""
        if self.text:
            return _texts(bytes(raw), shape, text)
        stored = np.ndarray(shape, np.int8 if self.truth else self.dtype, raw)
        return np.array(stored != 0 if self.truth else stored)


def _texts(raw: bytes, shape: tuple[int, ...], text: Text) -> np.ndarray:
    found = np.empty(shape, object)
    flat, cursor = found.reshape(-1), Cursor(raw)
    for i in range(flat.size):
        length, address, index = cursor.number(4), cursor.number(8), cursor.number(4)
        flat[i] = text(address, index, length)
    return found


def datatype(cursor: Cursor) -> Type:
    """What a datatype message says."""
    head, flags, size = cursor.number(1), cursor.number(3), cursor.number(4)
    kind, version = head & 15, head >> 4
    if not 1 <= version <= 5 or not 0 < size < 1 << 31:
        bad("a type of version 1 to 5 and of some size", f"version {version}, {size} bytes")
    order = ">" if flags & 1 else "<"
    if kind == _FIXED:
        return _fixed(cursor, flags, size, order)
    if kind == _FLOAT:
        return _float(cursor, flags, size, order)
    if kind == _TEXT:
        return Type(size, np.dtype(f"S{size}"))
    if kind == _OPAQUE:
        return Type(size, np.dtype(f"V{size}"))
    if kind == _ENUM:
        return _enumeration(cursor, flags, version)
    if kind == _VARIABLE and flags & 15 == 1 and size == 16:
        return Type(16, np.dtype(object), text=True)
    name = _CLASSES[kind] if kind < len(_CLASSES) else kind
    return bad("numbers, texts or truth values", f"values of type {name}", "fastmlp reads no others")


def _fixed(cursor: Cursor, flags: int, size: int, order: str) -> Type:
    offset, precision = cursor.number(2), cursor.number(2)
    if size not in (1, 2, 4, 8) or offset or precision != 8 * size:
        bad("whole numbers of 8, 16, 32 or 64 bits", f"{precision} of {8 * size} bits", "save them in one of these")
    return Type(size, np.dtype(f"{order}{'i' if flags & 8 else 'u'}{size}"))


def _float(cursor: Cursor, flags: int, size: int, order: str) -> Type:
    offset, precision = cursor.number(2), cursor.number(2)
    exponent, exponents, mantissa, mantissas, bias = (cursor.number(n) for n in (1, 1, 1, 1, 4))
    found = flags >> 8 & 255, exponent, exponents, mantissa, mantissas, bias
    if found != _IEEE.get(size) or offset or precision != 8 * size or flags & 0x40 or flags >> 4 & 3 != 2:
        bad("IEEE's numbers of 16, 32 or 64 bits", f"{exponents} bits of exponent and {mantissas} of mantissa",
            "save float32 or float64")  # fmt: skip
    return Type(size, np.dtype(f"{order}f{size}"))


def _enumeration(cursor: Cursor, flags: int, version: int) -> Type:
    """Values with names; those with the names of truth values are such, others the numbers they are."""
    if cursor.left and cursor.data[cursor.at] & 15 != _FIXED:
        bad("an enumeration of whole numbers", "another")
    base = datatype(cursor)
    if flags & 0xFFFF != 2 or base.size != 1:
        return base
    names = []
    for _ in range(2):
        start = cursor.at
        names.append(cursor.text())
        if version < 3:
            cursor.align(start)
    return Type(1, np.dtype(bool), truth=True) if names == [b"FALSE", b"TRUE"] and cursor.take(2) == b"\0\1" else base


class Space(NamedTuple):
    """A shape, None if there is not even one value, and how far it may grow."""

    shape: tuple[int, ...] | None
    most: tuple[int, ...]


def dataspace(cursor: Cursor) -> Space:
    """What a dataspace message says."""
    version, rank, flags, kind = (cursor.number(1) for _ in range(4))
    if version not in (1, 2) or rank > 32:
        bad("a shape of version 1 or 2 and at most 32 axes", f"version {version}, {rank} axes")
    if version == 1:
        cursor.take(4)
    elif kind == 2:
        return Space(None, ())
    shape = tuple(cursor.number(8) for _ in range(rank))
    most = tuple(cursor.number(8) for _ in range(rank)) if flags & 1 else shape
    if any(n > limit for n, limit in zip(shape, most)):
        bad(f"a shape of at most {most}", shape)
    return Space(shape, most)


def size_of(shape: tuple[int, ...], kind: Type) -> int:
    """In how many bytes an array is stored."""
    if math.prod(max(n, 1) for n in shape) * max(kind.size, kind.dtype.itemsize) > _MOST:  # NumPy minds zeros, too
        bad("a shape that fits into memory", shape)
    return math.prod(shape) * kind.size
