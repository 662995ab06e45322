"""Extensible arrays: the list of the chunks of a dataset that may grow along one axis.

The first entries stand in the index block. Those that follow are in data blocks, in levels: level u has 2**(u // 2) of
them, each of 2**((u + 1) // 2) times the least number of entries. The index block points at the data blocks of the
first levels, and at a secondary block for each further level, which points at its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastmlp.saving.hdf5.source import UNDEFINED, Cursor, Source, bad

_HEAD = 14  # of each block: signature, version, kind of entries, the address of the array


class ExtensibleArray:
    """The array whose header is at an address."""

    def __init__(self, source: Source, address: int, filtered: bool) -> None:
        self._source = source
        cursor = source.signed(address, 72, b"EAHD\0")
        kind = cursor.number(1)
        self._width, bits, self._first, self._least, pointers, pages = (cursor.number(1) for _ in range(6))
        cursor.take(32)
        self._count = cursor.number(8)
        cursor.take(8)
        self._index = cursor.number(8)
        powers = all(n > 0 and n & n - 1 == 0 for n in (self._least, pointers))
        if kind != filtered or not powers or not 8 <= self._width <= 20 or bits > 64 or pages > 32:
            bad("a list of chunks of sound sizes", f"{self._width} bytes, {self._least} entries, of kind {kind}")
        self._offset, self._page = (bits + 7) // 8, 1 << pages
        self._levels = 1 + bits - (self._least.bit_length() - 1)
        self._near = 2 * (pointers.bit_length() - 1)  # levels at whose data blocks the index points itself

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Numbers and entries, in order; where a whole block was never made, there are none."""
        if self._index == UNDEFINED:
            return
        near = sum(1 << level // 2 for level in range(self._near))
        length = _HEAD + self._first * self._width + 8 * (near + max(self._levels - self._near, 0)) + 4
        cursor = self._block(self._index, length, b"EAIB\0")
        yield from enumerate(cursor.take(self._width) for _ in range(self._first))
        number = self._first
        for level in range(self._levels):
            if number >= self._count:
                return
            blocks = 1 << level // 2
            size = self._least << (level + 1) // 2
            if level < self._near:
                if size > self._page:
                    bad(f"data blocks of at most {self._page} entries at the index", size)
                yield from self._data(cursor, number, blocks, size, b"")
            else:
                address = cursor.number(8)
                if address != UNDEFINED:
                    yield from self._secondary(address, number, blocks, size)
            number += blocks * size

    def _secondary(self, address: int, number: int, blocks: int, size: int) -> Iterator[tuple[int, bytes]]:
        marks = blocks * self._marks(size)
        length = _HEAD + self._offset + marks + 8 * blocks + 4
        cursor = self._block(address, length, b"EASB\0")
        cursor.take(self._offset)
        yield from self._data(cursor, number, blocks, size, cursor.take(marks))

    def _marks(self, size: int) -> int:
        """Bytes for a data block to mark which of its pages have been written; 0 if it has none."""
        return (size // self._page + 7) // 8 if size > self._page else 0

    def _data(self, cursor: Cursor, number: int, blocks: int, size: int, marks: bytes) -> Iterator[tuple[int, bytes]]:
        """The entries of the data blocks at which the cursor's addresses point."""
        for block in range(blocks):
            address, start = cursor.number(8), number + block * size
            if address == UNDEFINED or start >= self._count:
                continue
            head = _HEAD + self._offset
            if size <= self._page:
                body = self._block(address, head + size * self._width + 4, b"EADB\0")
                body.take(self._offset)
                yield from self._some(body, start, size)
                continue
            self._block(address, head + 4, b"EADB\0")
            pages, per_page = size // self._page, self._page * self._width + 4
            for page in range(pages):
                mark = block * pages + page  # those of all blocks follow each other bit by bit
                if marks[mark // 8] >> 7 - mark % 8 & 1:
                    body = self._source.signed(address + head + 4 + page * per_page, per_page, b"")
                    yield from self._some(body, start + page * self._page, self._page)

    def _some(self, cursor: Cursor, start: int, count: int) -> Iterator[tuple[int, bytes]]:
        return ((start + i, cursor.take(self._width)) for i in range(count))

    def _block(self, address: int, length: int, signature: bytes) -> Cursor:
        cursor = self._source.signed(address, length, signature)
        cursor.at = _HEAD
        return cursor
