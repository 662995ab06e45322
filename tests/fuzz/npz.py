"""Fuzzes the reader of .npz files. See harness.py.

Behind the letter a is one array, which NumPy has to read alike if it is read; behind z an archive.
"""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from pathlib import Path

import atheris
import harness
import numpy as np

with atheris.instrument_imports(include=["fastmlp.data", "fastmlp.saving", "zipfile"]):
    from fastmlp.data import _formats, loaders

NAMES = ("x", "y")
WORDS = [b"'descr'", b"'shape'", b"'fortran_order'", b"True", b"False", b"'|O'", b"'<f8'", b"'<U9'", b"[('a', '<f4')]"]
WORDS += [b"(2147483648, 4)", b"(4294967296, 4294967296)", b"(9223372036854775807,)", b"(-1,)", b"(2,)", b"(0, 3)"]
WORDS += [b"(" * 99, b"9" * 99, b"{", b"}", b",", b":", b"L", b"__import__('os')"]


def arrays():
    yield from (np.arange(6).reshape(2, 3).astype(kind) for kind in ("u1", ">i2", "<f4", "f8", "?", "f2"))
    yield np.asfortranarray(np.arange(6.0).reshape(2, 3))
    yield from (np.array(2.5), np.zeros((0, 3)), np.array(["a"]), np.zeros(2, [("a", "f4"), ("b", "u1")]))


def saved(array, version=None):
    target = io.BytesIO()
    np.lib.format.write_array(target, array, version, allow_pickle=False)
    return target.getvalue()


def seeds():
    for array in arrays():
        for version in ((1, 0), (2, 0), (3, 0)):
            yield b"a" + saved(array, version)
        for save in (np.savez, np.savez_compressed):
            target = io.BytesIO()
            save(target, x=array, y=np.arange(3), z=array)
            yield b"z" + target.getvalue()


def look(data):
    with loaders._blaming("fuzz", Path("it")):
        if data[:1] != b"a":
            found = _formats.npz(data[1:], NAMES)
            assert sum(array.nbytes for array in found.values()) <= max(1 << 26, 100 * len(data))
            return
        array = _formats.npy(data[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files as Python 2 wrote them
        other = np.lib.format.read_array(io.BytesIO(data[1:]), allow_pickle=False)
    assert (array.shape, array.dtype) == (other.shape, other.dtype.newbyteorder("="))
    assert array.tobytes() == other.astype(array.dtype).tobytes()
    assert array.nbytes < len(data)


def mutated(data, max_size, seed):
    """Bytes changed anywhere; words of a header for others; members of an archive, which stays one, or its numbers."""
    draw = random.Random(seed)
    kind, held = data[:1], data[1:]
    if draw.random() < 0.3:
        return atheris.Mutate(data, max_size)
    if kind == b"a":
        new = changed(held, draw)
    elif draw.random() < 0.5:
        new = with_other_sizes(held, draw)
    else:
        try:
            new = with_other_members(held, draw)
        except Exception:  # it is no archive any more
            return atheris.Mutate(data, max_size)
    return (kind + new)[:max_size]


def changed(array, draw):
    """A word of the header for another, or something in it twice; the length of the header often kept true."""
    start = 10 if array[6:7] == b"\1" else 12
    length = int.from_bytes(array[8:start], "little") if draw.random() < 0.9 else draw.randrange(1 << 16)
    header, rest = array[start : start + length], array[start + length :]
    words = [word for word in WORDS if word in header]
    if words and draw.random() < 0.7:
        header = header.replace(draw.choice(words), draw.choice(WORDS), 1)
    else:
        at = draw.randrange(len(header) + 1)
        header = header[:at] + draw.choice(WORDS) + header[at + draw.choice((0, 1, 8)) :]
    return array[:8] + (len(header) % (1 << 16)).to_bytes(start - 8, "little") + header + rest


def with_other_sizes(archive, draw):
    """A number near the beginning of some member's header, or of the directory, for another."""
    new = bytearray(archive)
    mark = draw.choice((b"PK\3\4", b"PK\1\2", b"PK\5\6"))
    place = new.find(mark, draw.randrange(max(1, len(new))))
    width = draw.choice((2, 2, 4))
    at = min(max(place, 0) + draw.randrange(4, 46), max(0, len(new) - width))
    value = draw.choice((0, 1, -1, 1 << 31, len(new), draw.randrange(1 << 16)))
    new[at : at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    return bytes(new)


def with_other_members(archive, draw):
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        members = [(info.filename, file.read(info)) for info in file.infolist()]
    at = draw.randrange(len(members))
    name, array = members[at]
    way = draw.randrange(5)
    if way == 0:
        members.append(members[at])
    elif way == 1:
        members[at] = (draw.choice(("../x.npy", "/x.npy", "x.npy/", "x", "y.npy", "é.npy", name)), array)
    elif way == 2:
        members[at] = (name, bytes(draw.choice((10, 10**4, 10**6))))
    else:
        members[at] = (name, changed(array, draw))
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", draw.choice((0, 8))) as file:
        warnings.simplefilter("ignore")  # of names that are there twice
        for one, held in members:
            file.writestr(one, held)
    return target.getvalue()


if __name__ == "__main__":
    harness.run(look, seeds(), mutated, longest=4096)
