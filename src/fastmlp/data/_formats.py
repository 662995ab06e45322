"""Arrays of numbers as files hold them: IDX, gzipped or not, and NumPy's .npz.

Whoever wrote a file, reading it ends in arrays or in an exception; nothing in it is run or evaluated. What is packed
may come to 100 times the file, or to 64 MiB if that is more; reading takes at most three times as much memory.
"""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastmlp._validate import brief
from fastmlp.saving.archives import Archive, most_unpacked

_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def idx(file: BinaryIO) -> NDArray[Any]:
    """An array in IDX form: 0, 0, type, rank, then big-endian lengths, then the numbers."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not packed:
        return _idx(file, size)
    with gzip.GzipFile(fileobj=file) as unpacked:
        return _idx(unpacked, most_unpacked(size))  # type: ignore[arg-type]


def _idx(file: BinaryIO, most: int) -> NDArray[Any]:
    """The same out of at most so many bytes."""
    start = file.read(4)
    lengths = file.read(4 * start[3]) if len(start) == 4 else b""
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _IDX_TYPES or len(lengths) < 4 * start[3]:
        raise ValueError(f"expected an IDX file, got {start!r}")
    shape, dtype = struct.unpack(f">{start[3]}I", lengths), np.dtype(_IDX_TYPES[start[2]])
    size = math.prod(shape) * dtype.itemsize
    if size > most:
        raise ValueError(f"expected {size} bytes for shape {brief(shape)}, got a file with room for {most}")
    numbers = file.read(size + 1)
    if len(numbers) != size:
        got = len(numbers) if len(numbers) < size else "more"
        raise ValueError(f"expected {size} bytes for shape {brief(shape)}, got {got}")
    return np.frombuffer(numbers, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def npz(data: bytes, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """These arrays of an archive as `numpy.savez` writes it; the others in it are not looked at."""
    archive = Archive(data)
    archive.need(*(f"{name}.npy" for name in names))
    return {name: npy(archive.read(f"{name}.npy")) for name in names}


# A dict of three things, which come in any order; NumPy would evaluate it as Python.
_ENTRY = r"'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\((?:\d+L?,\s*)*(?:\d+L?)?\))\s*"
_HEADER = re.compile(rf"\{{\s*{_ENTRY},\s*{_ENTRY},\s*{_ENTRY},?\s*\}}\s*", re.ASCII)
_NUMBERS = re.compile(r"'[<>|=]?(b1|[iu][1248]|f[248])'")
_LONGEST = 10_000  # bytes of a header


def npy(data: bytes) -> NDArray[Any]:
    """An array of plain numbers as `numpy.save` writes it, in any version; objects, which are code, are none."""
    if data[:6] != b"\x93NUMPY" or data[6:8] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError(f"expected an array as NumPy saves it, got {data[:8]!r}")
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    if start > min(len(data), _LONGEST):
        raise ValueError(f"expected a header of at most {_LONGEST} bytes, got one up to byte {start} of {len(data)}")
    text = data[8 + width : start].decode("latin-1")
    found = _HEADER.fullmatch(text)
    entries = dict(zip(found.groups()[::2], found.groups()[1::2])) if found else {}
    if len(entries) < 3 or not _NUMBERS.fullmatch(entries["descr"]):
        raise ValueError(f"expected type, order and shape of an array of numbers, got {brief(text.strip())}")
    dtype = np.dtype(entries["descr"][1:-1])
    shape = tuple(int(length) for length in re.findall(r"\d+", entries["shape"]))
    size = math.prod(shape) * dtype.itemsize
    if len(data) - start != size:
        raise ValueError(f"expected {size} bytes for shape {brief(shape)}, got {len(data) - start}")
    turned = entries["fortran_order"] == "True"
    array = np.frombuffer(data, dtype, offset=start).reshape(shape, order="F" if turned else "C")
    return array.astype(dtype.newbyteorder("="))
