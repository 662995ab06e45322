"""Where the chunks of a dataset are, by each of the lists that HDF5 keeps of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from fastmlp.saving.hdf5.extensible import ExtensibleArray
from fastmlp.saving.hdf5.source import UNDEFINED, Cursor, Source, bad
from fastmlp.saving.hdf5.trees import pairs, records

_SINGLE, _IMPLICIT, _FIXED_ARRAY, _EXTENSIBLE_ARRAY, _TREE = 1, 2, 3, 4, 5
_PARAMETERS = {_SINGLE: 0, _IMPLICIT: 0, _FIXED_ARRAY: 1, _EXTENSIBLE_ARRAY: 5, _TREE: 6}  # bytes
_CHUNKS, _PLAIN_RECORDS, _FILTERED_RECORDS = 1, 10, 11  # types of trees


class Entry(NamedTuple):
    """A chunk: where it begins in the array and in the file, its stored size, which filters were left out."""

    place: tuple[int, ...]
    address: int
    size: int
    skipped: int


class Grid(NamedTuple):
    """How an array, which may grow to shape `most`, is cut into chunks of one shape and of `size` bytes."""

    most: tuple[int, ...]
    chunk: tuple[int, ...]
    size: int

    @property
    def chunks(self) -> int:
        """How many chunks there would be."""
        return math.prod(-(-n // step) for n, step in zip(self.most, self.chunk))

    def place(self, number: int) -> tuple[int, ...]:
        """Where a chunk begins, counted in elements."""
        found = []
        for n, step in zip(reversed(self.most), reversed(self.chunk)):
            number, column = divmod(number, -(-n // step))
            found.append(column * step)
        return tuple(reversed(found))


def old_tree(source: Source, address: int, rank: int) -> Iterator[Entry]:
    """Chunks as version 3 of the layout lists them."""
    if address == UNDEFINED:
        return
    for key, child in pairs(source, address, _CHUNKS, 8 * rank + 16):
        cursor = Cursor(key)
        size, skipped = cursor.number(4), cursor.number(4)
        yield Entry(tuple(cursor.number(8) for _ in range(rank)), child, size, skipped)


def index(source: Source, cursor: Cursor, grid: Grid, one_is_filtered: bool, filtered: bool) -> Iterator[Entry]:
    """Chunks as versions 4 and 5 of the layout list them."""
    kind = cursor.number(1)
    if kind not in _PARAMETERS:
        bad("chunks listed by an array or a tree", f"index {kind}", "save without libver='latest'")
    size, skipped = grid.size, 0
    if kind == _SINGLE and one_is_filtered:
        size, skipped = cursor.number(8), cursor.number(4)
    cursor.take(_PARAMETERS[kind])
    address = cursor.number(8)
    if address == UNDEFINED:
        return
    if kind == _SINGLE:
        yield Entry((0,) * len(grid.chunk), address, size, skipped)
    elif kind == _IMPLICIT:
        for number in range(grid.chunks):
            yield Entry(grid.place(number), address + number * size, size, 0)
    elif kind == _FIXED_ARRAY:
        for number, entry in enumerate(_fixed_array(source, address, grid.chunks, filtered)):
            yield Entry(grid.place(number), *_stored(Cursor(entry), len(entry) if filtered else 0, size))
    elif kind == _EXTENSIBLE_ARRAY:
        grid, order = _growing_first(grid)
        for number, entry in ExtensibleArray(source, address, filtered).entries():
            place = dict(zip(order, grid.place(number)))
            yield Entry(tuple(place[axis] for axis in range(len(order))),
                        *_stored(Cursor(entry), len(entry) if filtered else 0, size))  # fmt: skip
    else:
        yield from _new_tree(source, address, grid, filtered)


def _growing_first(grid: Grid) -> tuple[Grid, list[int]]:
    """The grid with the one axis first that may grow without end, and which axes are in which place."""
    growing = [axis for axis, n in enumerate(grid.most) if n == UNDEFINED]
    if len(growing) != 1:
        bad("one axis that may grow", len(growing))
    order = growing + [axis for axis in range(len(grid.most)) if axis not in growing]
    most, chunk = (tuple(shape[axis] for axis in order) for shape in (grid.most, grid.chunk))
    return Grid(most, chunk, grid.size), order


def _new_tree(source: Source, address: int, grid: Grid, filtered: bool) -> Iterator[Entry]:
    for record in records(source, address, _FILTERED_RECORDS if filtered else _PLAIN_RECORDS):
        cursor, scaled = Cursor(record), 8 * len(grid.chunk)
        stored = _stored(cursor, len(record) - scaled if filtered else 0, grid.size)
        yield Entry(tuple(step * cursor.number(8) for step in grid.chunk), *stored)


def _stored(cursor: Cursor, length: int, size: int) -> tuple[int, int, int]:
    """Address, size and skipped filters out of `length` bytes, if that is not 0; else but the address is there."""
    address = cursor.number(8)
    if not length:
        return address, size, 0
    if not 12 < length <= 20:
        bad("chunks with sizes of 1 to 8 bytes", length - 12)
    return address, cursor.number(length - 12), cursor.number(4)


def _fixed_array(source: Source, address: int, count: int, filtered: bool) -> Iterator[bytes]:
    """The entries of a fixed array, which are divided into pages if they are many."""
    cursor = source.signed(address, 28, b"FAHD\0")
    client, width, bits, found, block = (cursor.number(n) for n in (1, 1, 1, 8, 8))
    if client != filtered or found != count or not 8 <= width <= 20:
        bad(f"a list of {count} chunks", f"{found} entries of {width} bytes, of kind {client}")
    head = 14
    if count <= 1 << bits:
        cursor = source.signed(block, head + count * width + 4, b"FADB\0")
        cursor.at = head
        yield from (cursor.take(width) for _ in range(count))
        return
    pages = -(-count >> bits)
    start = head + (pages + 7) // 8 + 4
    cursor = source.signed(block, start, b"FADB\0")
    cursor.at = head
    filled = cursor.take((pages + 7) // 8)
    for page in range(pages):
        length = min(count - (page << bits), 1 << bits) * width
        if filled[page // 8] >> 7 - page % 8 & 1:
            cursor = source.signed(block + start, length + 4, b"")
            yield from (cursor.take(width) for _ in range(length // width))
        else:
            yield from (b"\xff" * width for _ in range(length // width))
        start += length + 4
