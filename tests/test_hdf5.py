"""The reader of HDF5 on files that h5py wrote, whole and damaged; tests/peers has it beside h5py itself."""

from __future__ import annotations

import io
import random
import resource
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from fastmlp.saving import archives, hdf5
from fastmlp.saving.hdf5 import source
from fastmlp.saving.hdf5.filters import plain
from hdf5_files import FILES

PLAIN, LATEST = FILES["plain"], FILES["latest"]
X = np.arange(20, dtype="int16").reshape(4, 5)


@pytest.fixture
def same():
    """Compares values with their types."""

    def compare(found, expected):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)

    return compare


def test_groups_datasets_and_attributes(same):
    file = hdf5.read(PLAIN)
    assert list(file) == ["dense", "filled", "link", "packed", "text"]
    assert list(file["dense"]) == ["bias", "flags", "half", "kernel", "steps"]
    assert "kernel" in file["dense"]
    assert "nothing" not in file
    assert "text/nothing" not in file
    same(file["dense/kernel"].read(), np.arange(6, dtype="float32").reshape(2, 3))
    assert file["dense"]["kernel"].shape == (2, 3)
    same(file["dense/bias"].read(), np.array([1.5, -2.0], ">f8"))
    same(file["link"].read(), np.array([1.5, -2.0], ">f8"))
    same(file["dense/half"].read(), np.array([0.5], "float16"))
    same(file["dense/flags"].read(), np.array([True, False]))
    same(file["dense/steps"].read(), np.array(7))
    same(file["packed"].read(), X)
    same(file["filled"].read(), np.full((2, 2), 9, "int32"))
    assert file["text"].read()[()] == b"words"
    assert set(file.attrs) == {"names", "config", "fixed", "rate"}
    assert file.attrs["names"].tolist() == ["dense", "é"]
    assert file.attrs["config"] == "{}"
    assert file.attrs["rate"] == 0.25
    same(file.attrs["fixed"], np.array([b"ab", b"c"]))
    assert not file["dense/kernel"].attrs


def test_files_of_the_latest_format(same):
    file = hdf5.read(memoryview(LATEST))
    assert list(file["v"]) == sorted(str(i) for i in range(10))
    for i in range(10):
        same(file[f"v/{i}"].read(), np.array(i, "float32"))
    for name in ("fixed", "single", "grown", "tree"):
        same(file[name].read(), X)
    assert {name: int(value) for name, value in file["v"].attrs.items() if name != "long"} == {
        f"a{i}": i for i in range(9)
    }
    same(file["v"].attrs["long"], np.arange(600))


def test_whole_files_are_read_whole():
    for data in FILES.values():
        assert not refusals(data)


def test_what_is_read_is_ones_own():
    kernel = hdf5.read(PLAIN)["dense/kernel"]
    kernel.read()[:] = 5
    assert kernel.read()[0, 1] == 1


# ---- no file does harm


def refusals(data):
    """What is said of all that cannot be read in a file; whatever else was raised would end the test."""
    said, todo = [], []

    def tried(read):
        try:
            return read()
        except ValueError as error:
            said.append(str(error))
            return {}

    root = tried(lambda: hdf5.read(data))
    if root:
        todo.append({"/": root})
    while todo:
        for member in todo.pop().values():
            tried(lambda member=member: list(member.attrs.values()))
            if isinstance(member, hdf5.Group):
                todo.append(member)
            else:
                tried(member.read)
    return said


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_damaged_files_raise_and_do_nothing_else(name, checked, monkeypatch):
    """Cut and changed anywhere; once as they are, once as if their checksums had been made to fit."""
    if not checked:
        monkeypatch.setattr(source.Source, "verify", lambda self, data, checksum: None)
    whole, draw, raised = FILES[name], random.Random(5), 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for turn in range(300):
        data = bytearray(whole)
        if turn % 10 == 0:
            del data[draw.randrange(len(data)) :]
        for _ in range(draw.choice((1, 2, 5)) if turn % 10 else 0):
            place, width = draw.randrange(len(data) - 8), draw.choice((1, 2, 4, 8))
            value = draw.choice((0, -1, 1, 255, len(data), place, draw.randrange(1 << 8 * width)))
            data[place : place + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        said = refusals(bytes(data))
        assert all(one.startswith("HDF5: expected ") for one in said), said
        raised += bool(said)
    assert raised > 75
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize("name", FILES)
def test_every_cut_is_noticed(name):
    for end in [*range(0, 200, 7), *range(200, len(FILES[name]), 501), len(FILES[name]) - 1]:
        with pytest.raises(ValueError, match="HDF5: expected"):
            hdf5.read(FILES[name][:end])


def test_damaged_blocks_are_noticed_by_their_checksum():
    for mark in (b"OHDR", b"BTHD", b"BTLF", b"FRHP", b"FHDB", b"FAHD", b"FADB", b"EAHD", b"EAIB"):
        data = bytearray(LATEST)
        data[data.index(mark) + 15] ^= 16
        assert any("with checksum" in one for one in refusals(bytes(data))), mark


def test_checksums_are_jenkinss():
    """Values from the test of his own source."""
    assert source.checksum_of(b"") == 0xDEADBEEF
    assert source.checksum_of(b"Four score and seven years ago") == 0x17770551


# ---- no file asks for more than it holds


def changed(data, old, new, count=1):
    assert data.count(old) >= count, "not the file that is meant"
    assert len(old) == len(new)
    return data.replace(old, new)


def test_shapes_that_are_not_stored_are_refused():
    """(2, 3) of float32 in 24 bytes, made into (2, 3 << 40)."""
    shape = struct.pack("<2Q", 2, 3)
    data = changed(PLAIN, shape, struct.pack("<2Q", 2, 3 << 40))
    with pytest.raises(ValueError, match="all parts within its"):
        hdf5.read(data)["dense/kernel"].shape  # noqa: B018


def test_shapes_are_within_what_they_may_grow_to(monkeypatch):
    monkeypatch.setattr(source.Source, "verify", lambda self, data, checksum: None)
    for shape in ((4, 5, source.UNDEFINED, 5), (4, 5, source.UNDEFINED, source.UNDEFINED)):
        for axis in range(2):
            less = list(shape)
            less[2 + axis] = shape[axis] - 1 if axis else 0
            said = refusals(changed(LATEST, struct.pack("<4Q", *shape), struct.pack("<4Q", *less)))
            assert any("expected a shape of at most" in one for one in said)


@pytest.mark.parametrize("size", [1 << 13, 1 << 25])
def test_fill_values_fill_no_more_than_the_file_has_room_for(size):
    """(2, 2) of which nothing was written, made larger, and its place taken away."""
    data, shape = bytearray(PLAIN), PLAIN.index(struct.pack("<4Q", 2, 2, 2, 2))  # and how far it may grow
    length = PLAIN.index(struct.pack("<Q", 16), shape)  # behind the address
    data[length - 8 : length] = b"\xff" * 8
    np.testing.assert_array_equal(hdf5.read(bytes(data))["filled"].read(), np.full((2, 2), 9))
    data[shape : shape + 32] = struct.pack("<4Q", size, size, size, size)
    tracemalloc.start()
    with pytest.raises(ValueError, match="numbers that are not stored in proportion"):
        hdf5.read(bytes(data))["filled"].shape  # noqa: B018
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_cycles_are_refused():
    """A group that is a member of itself."""
    (root,) = struct.unpack_from("<Q", PLAIN, 64)
    file = hdf5.read(PLAIN)
    assert isinstance(file["dense"], hdf5.Group)
    entry = PLAIN.index(b"SNOD") + 8
    data = bytearray(PLAIN)
    struct.pack_into("<Q", data, entry + 8, root)
    with pytest.raises(ValueError, match="one name for each group"):
        hdf5.read(bytes(data))


def test_packed_chunks_give_no_more_than_they_should():
    bomb = zlib.compress(bytes(10_000_000))
    with pytest.raises(ValueError, match="expected 100 bytes in a chunk, got 105"):
        plain(bomb, [1], 0, 100, 4)
    with pytest.raises(ValueError, match="expected a chunk that zlib packed"):
        plain(b"nothing of the kind", [1], 0, 100, 4)


def test_chunks_give_no_more_than_100_times_the_file(monkeypatch):
    """Nor 100 times what it was packed into itself, in a zip."""
    monkeypatch.setattr(archives, "_LEAST", 1)
    np.testing.assert_array_equal(hdf5.read(PLAIN)["packed"].read(), X)
    np.testing.assert_array_equal(hdf5.read(PLAIN, 1)["packed"].read(), X)
    with pytest.raises(ValueError, match=f"numbers in chunks in proportion to the {len(PLAIN)} bytes"):
        hdf5.read(PLAIN, 0)["packed"].read()


def test_filters_are_undone_in_turn():
    x = np.arange(30, dtype="<i4")
    mixed = np.frombuffer(x.tobytes(), np.uint8).reshape(-1, 4).T.tobytes()
    assert plain(zlib.compress(mixed), [2, 1], 0, 120, 4) == x.tobytes()
    assert plain(mixed, [2, 1], 0b10, 120, 4) == x.tobytes()
    assert plain(x.tobytes(), [2, 1], 0b11, 120, 4) == x.tobytes()


@pytest.mark.parametrize("data", [b"", b"HDF", b"PK\3\4" + bytes(90), io.BytesIO(b"\x89HDF\r\n\x1a\n").getvalue()])
def test_files_of_other_kinds(data):
    with pytest.raises(ValueError, match="HDF5: expected"):
        hdf5.read(data)
