"""Filters that chunks were sent through before they were stored, and the way back."""

from __future__ import annotations

import zlib

import numpy as np

from fastmlp.saving.hdf5.source import Cursor, bad

_DEFLATE, _SHUFFLE, _FLETCHER = 1, 2, 3
_OTHERS = {4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
_PACKED = 1032  # times its size is the most that deflate makes of anything


def filters(cursor: Cursor | None) -> list[int]:
    """Which filters a message lists, in the order of writing."""
    if cursor is None:
        return []
    version, count = cursor.number(1), cursor.number(1)
    if version not in (1, 2):
        bad("filters of version 1 or 2", version)
    cursor.take(6 if version == 1 else 0)
    found: list[int] = []
    for _ in range(count):
        name = cursor.number(2)
        length = cursor.number(2) if version == 1 or name >= 256 else 0
        _, values = cursor.number(2), cursor.number(2)
        cursor.take(length + (-length % 8 if version == 1 else 0))
        cursor.take(4 * values + (4 * (values % 2) if version == 1 else 0))
        if name not in (_DEFLATE, _SHUFFLE, _FLETCHER) or name in found:
            bad("filters gzip, shuffle and fletcher32, each once", _OTHERS.get(name, name), "save with these or plain")
        found.append(name)
    return found


def can_give(size: int, stored: int, names: list[int], skipped: int) -> bool:
    """Whether so many stored bytes can become `size`."""
    packed = any(name == _DEFLATE and not skipped >> i & 1 for i, name in enumerate(names))
    return size <= stored * (_PACKED if packed else 1)


def plain(stored: bytes | memoryview, names: list[int], skipped: int, size: int, element: int) -> bytes:
    """The `size` bytes that were stored, before any filter; filter i was left out if bit i of `skipped` is set."""
    data = bytes(stored)
    for i, name in reversed(list(enumerate(names))):
        if skipped >> i & 1:
            continue
        if name == _DEFLATE:
            data = _inflated(data, size + 4)  # a checksum may be packed, too
        elif name == _SHUFFLE:
            whole = len(data) // element * element
            columns = np.frombuffer(data[:whole], np.uint8).reshape(element, -1)
            data = columns.T.tobytes() + data[whole:]
        else:
            data, checksum = data[:-4], int.from_bytes(data[-4:], "little")
            if _fletcher(data) != checksum:
                bad(f"a chunk with checksum {checksum:08x}", f"{_fletcher(data):08x}")
    if len(data) != size:
        bad(f"{size} bytes in a chunk", len(data))
    return data


def _inflated(data: bytes, most: int) -> bytes:
    """What zlib packed, which should not be more than `most` bytes."""
    try:
        return zlib.decompressobj().decompress(data, most + 1)
    except zlib.error as error:
        return bad("a chunk that zlib packed", str(error))


def _fletcher(data: bytes) -> int:
    """Fletcher's checksum of 32 bits over big-endian words of 16."""
    words = np.frombuffer(data + bytes(len(data) % 2), ">u2").astype(np.uint64)
    weights = np.arange(len(words), 0, -1, dtype=np.uint64) % 65535
    first, second = int(words.sum()), int((words * weights).sum())
    low, high = (n and (n - 1) % 65535 + 1 for n in (first, second))  # sums carry around: 65535 stays itself
    return high << 16 | low
