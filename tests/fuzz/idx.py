"""Fuzzes the reader of IDX files, gzipped or not. See harness.py.

Behind the letter f the lengths are small, and there are as many numbers as they ask for. Behind g the bytes
are gzipped before they are read: others that are seldom unpack.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
from pathlib import Path

import atheris
import harness
import numpy as np

with atheris.instrument_imports(include=["fastmlp.data", "gzip"]):
    from fastmlp.data import _formats, loaders

MOST = 4096


def seeds():
    for code, kind in _formats._IDX_TYPES.items():
        for shape in ((), (3,), (2, 3), (2, 2, 2), (0, 4)):
            header = struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)
            whole = header + np.arange(np.prod(shape)).astype(kind).tobytes()
            yield b"-" + whole
            yield b"f" + whole
            yield b"g" + whole
        yield b"-" + gzip.compress(whole) + gzip.compress(b"and more")


def fitted(whole):
    rank, width = whole[3], np.dtype(_formats._IDX_TYPES.get(whole[2], "u1")).itemsize
    shape = [length & 7 for length in struct.unpack(f">{rank}I", whole[4 : 4 + 4 * rank].ljust(4 * rank, b"\0"))]
    size = math.prod(shape) * width
    numbers = whole[4 + 4 * rank :][:size].ljust(size, b"\1") if size < MOST else b""
    return whole[:4] + struct.pack(f">{rank}I", *shape) + numbers


def look(data):
    whole = data[1:]
    if data[:1] == b"g":
        whole = gzip.compress(whole, 1)
    elif data[:1] == b"f" and len(whole) > 4:
        whole = fitted(whole)
    with loaders._blaming("fuzz", Path("it")):
        array = _formats.idx(io.BytesIO(whole))
    assert array.flags.writeable
    assert array.nbytes <= 100 * len(whole)
    if whole[:2] == b"\0\0":
        assert array.astype(_formats._IDX_TYPES[whole[2]]).tobytes() == whole[4 + 4 * whole[3] :]


if __name__ == "__main__":
    harness.run(look, seeds(), longest=256)
