"""Fuzzes the reader of HDF5: everything in a file is looked at. See harness.py."""

from __future__ import annotations

import io
import random

import atheris
import h5py
import harness
import numpy as np

with atheris.instrument_imports(include=["fastmlp"]):
    from fastmlp.saving import hdf5
    from fastmlp.saving.hdf5 import source

MARKS = [b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"OCHK", b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTLF", b"BTIN"]
MARKS += [b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EADB", b"EASB", b"\x89HDF\r\n\x1a\n"]
PACKED = 1032  # the most that a byte may become, by deflate


def small(file):
    for name in ("a", "b"):
        file[f"{name}/kernel"] = np.ones((2, 3), "float32")
        file[f"{name}/bias"] = np.arange(3.0)
    file.attrs["names"] = [b"a", b"b"]
    file.attrs["text"] = "some text"
    file["a"].attrs.update({f"n{i}": i for i in range(10)})  # more than a header holds


def many(file):
    for i in range(12):
        file[f"v{i}"] = np.float32(i)


def chunked(file):
    x = np.arange(35.0).reshape(5, 7)
    file.create_dataset("plain", data=x, chunks=(2, 3))
    file.create_dataset("packed", data=x, chunks=(2, 3), compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("one", data=x, chunks=(5, 7), compression="gzip")
    file.create_dataset("growing", data=x, chunks=(2, 3), maxshape=(None, 7), compression="gzip")
    file.create_dataset("grown", data=x, chunks=(2, 3), maxshape=(None, None), compression="gzip")
    file.create_dataset("filled", shape=(4, 4), dtype="float64", chunks=(2, 2), fillvalue=3.0)


def kinds(file):
    for kind in ("int8", "uint16", ">i4", "float16", ">f8", "bool", "S5"):
        file[kind] = np.ones(3, kind)
    file["texts"] = ["a", "bc"]
    file["soft"] = h5py.SoftLink("bool")
    file["hard"] = file["int8"]
    file["empty"] = h5py.Empty("float32")


def large(file):
    """A list of chunks in pages; attributes in a tree of their own, some too large for the blocks of a heap."""
    file.create_dataset("pages", data=np.arange(1100) % 7, chunks=(1,), dtype="int8")
    file["pages"].attrs.update({f"n{i}": np.zeros(600 if i < 2 else 2) for i in range(30)})


def growing(file):
    """A list of chunks on several levels."""
    file.create_dataset("x", data=np.arange(300) % 7, chunks=(1,), dtype="int8", maxshape=(None,))


def made(fill, **options):
    target = io.BytesIO()
    with h5py.File(target, "w", **options) as file:
        fill(file)
    return target.getvalue()


def seeds():
    for fill in (small, many, chunked, kinds):
        for options in ({}, {"libver": "latest"}, {"libver": "v110", "track_order": True}):
            yield made(fill, **options)
    yield made(large, libver="latest")
    yield made(growing, libver="latest")


def look(data):
    """Read all there is; one thing that cannot be read keeps no other from being read."""
    size, bound = 0, PACKED * len(data) + (4 << 20)
    todo = [{"/": hdf5.read(data)}]
    while todo:
        for member in todo.pop().values():
            for value in tried(lambda member=member: list(member.attrs.values())) or ():
                size += getattr(value, "nbytes", 0)
            if isinstance(member, hdf5.Group):
                todo.append(member)
                continue
            array = tried(member.read)
            if array is not None:
                assert array.shape == member.shape
                assert array.dtype == member.dtype
                size += array.nbytes
    assert size <= bound, f"{size} bytes out of {len(data)}"


def tried(read):
    try:
        return read()
    except ValueError:
        return None


def mutated(data, max_size, seed):
    """Bytes changed anywhere, or addresses and sizes changed for others that are near or lead to some structure."""
    draw = random.Random(seed)
    if len(data) < 16 or draw.random() < 0.4:
        return atheris.Mutate(data, max_size)
    new = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        place, width = draw.randrange(len(new) - 8), draw.choice((1, 1, 2, 4, 8, 8))
        if width == 8 and draw.random() < 0.7:
            place = likely(new, place)
        old = int.from_bytes(new[place : place + width], "little")
        value = draw.choice(
            (old + 1, old - 1, 0, -1, old * 2, old ^ 1 << draw.randrange(8 * width), draw.randrange(len(new)))
            + (marked(new, draw),) * 3
        )
        new[place : place + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    return bytes(new[:max_size])


def likely(data, place):
    """The next place where an address may stand."""
    for at in range(place, min(place + 200, len(data) - 8)):
        if 0 < int.from_bytes(data[at : at + 8], "little") < len(data):
            return at
    return place


def marked(data, draw):
    """Where some block begins."""
    mark = draw.choice(MARKS)
    return max(data.find(mark, draw.randrange(len(data))), data.find(mark))


def unchecked(self, data, checksum):
    """Count as the reader does, but let every checksum pass: else hardly a changed file would get further."""
    self.spend("checksums", len(data))


if __name__ == "__main__":
    source.Source.verify = unchecked
    harness.run(look, seeds(), mutated)
