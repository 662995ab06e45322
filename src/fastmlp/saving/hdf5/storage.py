"""Where a dataset's numbers are: in its header, in one piece, or in chunks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastmlp.saving.hdf5 import chunks, headers
from fastmlp.saving.hdf5.filters import can_give, filters, plain
from fastmlp.saving.hdf5.source import UNDEFINED, Cursor, Source, bad
from fastmlp.saving.hdf5.types import Space, Text, Type, size_of

_COMPACT, _CONTIGUOUS, _CHUNKED = 0, 1, 2


class Piece(NamedTuple):
    """A chunk: its place in the array, counted in elements; its bytes; which filters it was not sent through."""

    place: tuple[int, ...]
    stored: memoryview
    skipped: int


class Storage:
    """The numbers of one dataset, all of which is known to be there once this is made."""

    def __init__(self, source: Source, header: headers.Header, kind: Type, space: Space) -> None:
        self._source, self._kind, self._space = source, kind, space
        self.shape = (0,) if space.shape is None else space.shape
        self._size = size_of(self.shape, kind)
        self._fill = _fill_value(header)
        self._whole: bytes | memoryview | None = None
        self._pieces: list[Piece] = []
        self._chunk: tuple[int, ...] = ()
        self._filters: list[int] = []
        if headers.EXTERNAL_FILES in header.kinds:
            bad("numbers in the file itself", "a dataset with numbers in other files", "save them in one")
        if self._size:
            if kind.text:
                source.spend("structure", self._size)  # each takes a walk to the heap
            self._find(header)

    def read(self, text: Text) -> np.ndarray:
        """A new array of them."""
        if self._whole is not None:
            return self._kind.value(self._whole, self.shape, text)
        element = np.dtype(f"V{self._kind.size}")  # a value as it is stored
        out = np.zeros(self.shape, element)
        if out.size and len(self._fill) == self._kind.size:
            out[...] = np.ndarray((), element, self._fill)
        for place, stored, skipped in self._pieces:
            size = size_of(self._chunk, self._kind)
            part = np.ndarray(self._chunk, element, plain(stored, self._filters, skipped, size, element.itemsize))
            room = out[tuple(slice(start, start + n) for start, n in zip(place, self._chunk))]
            room[...] = part[tuple(slice(n) for n in room.shape)]
        return self._kind.value(out.reshape(-1).view(np.uint8), self.shape, text)

    def _find(self, header: headers.Header) -> None:
        """Look where they are, and that they can be there."""
        cursor = header.need(headers.LAYOUT)
        version, layout = cursor.number(1), cursor.number(1)
        held = 0
        if version not in (3, 4, 5):
            bad("a layout of version 3, 4 or 5", version, "write the file anew with a present h5py")
        if layout == _COMPACT:
            self._whole = cursor.take(cursor.number(2))
            if len(self._whole) < self._size:
                bad(f"{self._size} bytes for shape {self.shape}", len(self._whole))
        elif layout == _CONTIGUOUS:
            address = cursor.number(8)
            if address != UNDEFINED:
                self._whole = self._source.numbers(address, self._size)
        elif layout == _CHUNKED:
            self._filters = filters(header.first(headers.FILTERS))
            held = self._find_chunks(cursor, version)
            self._source.spend("numbers in chunks", held)
        else:
            bad("numbers in one piece or in chunks", f"layout {layout}", "save them so")
        if self._whole is None:
            self._source.spend("numbers that are not stored", max(self._size - held, 0))

    def _find_chunks(self, cursor: Cursor, version: int) -> int:
        """Find all chunks; how many bytes they hold."""
        flags = cursor.number(1) if version > 3 else 0
        rank = cursor.number(1) - 1
        address, width = (cursor.number(8), 4) if version == 3 else (UNDEFINED, cursor.number(1))
        if rank != len(self.shape) or not rank:
            bad(f"chunks of {len(self.shape)} axes", rank)
        self._chunk = tuple(cursor.number(width) for _ in range(rank))
        element = cursor.number(width)
        if not all(self._chunk) or element != self._kind.size:
            bad(f"chunks of elements of {self._kind.size} bytes", f"shape {self._chunk}, {element} bytes")
        size = size_of(self._chunk, self._kind)
        if version == 3:
            found = chunks.old_tree(self._source, address, rank)
        else:
            grid = chunks.Grid(self._space.most, self._chunk, size)
            found = chunks.index(self._source, cursor, grid, bool(flags & 2), bool(self._filters))
        for entry in found:
            if entry.address != UNDEFINED:
                self._pieces.append(self._piece(entry, size, plain_edges=bool(flags & 1)))
        return len(self._pieces) * size

    def _piece(self, entry: chunks.Entry, size: int, plain_edges: bool) -> Piece:
        """A chunk, if it may be one."""
        place, skipped = entry.place, entry.skipped
        if any(start >= n or start % step for start, n, step in zip(place, self.shape, self._chunk)):
            bad(f"chunks of shape {self._chunk} within {self.shape}", f"one at {place}")
        if plain_edges and any(start + step > n for start, n, step in zip(place, self.shape, self._chunk)):
            skipped = -1
        if not can_give(size, entry.size, self._filters, skipped):
            bad(f"{size} bytes in a chunk", f"{entry.size}, from which they cannot be made")
        return Piece(place, self._source.numbers(entry.address, entry.size), skipped)


def _fill_value(header: headers.Header) -> bytes:
    """An element as it is where none is stored; b"" for zeros."""
    cursor = header.first(headers.FILL_VALUE)
    if cursor is None:
        cursor = header.first(headers.OLD_FILL_VALUE)
        return b"" if cursor is None else cursor.take(cursor.number(4))
    version = cursor.number(1)
    if version == 3:
        defined = cursor.number(1) >> 5 & 1
    elif version in (1, 2):
        cursor.take(2)
        defined = cursor.number(1) or version == 1
    else:
        bad("a fill value of version 1 to 3", version)
    return cursor.take(cursor.number(4)) if defined else b""
