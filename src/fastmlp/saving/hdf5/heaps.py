"""Heaps: where names, texts of any length and large collections of links or attributes are kept."""

from __future__ import annotations

from fastmlp.saving.hdf5.source import Cursor, Source, bad
from fastmlp.saving.hdf5.trees import bytes_for, records

_HUGE_RECORDS = 1  # the type of their tree


class LocalHeap:
    """The names of an old group's members."""

    def __init__(self, source: Source, address: int) -> None:
        cursor = Cursor(source.block(address, 32))
        cursor.expect(b"HEAP")
        cursor.take(4)
        size, _, place = (cursor.number(8) for _ in range(3))
        self._source, self._names = source, Cursor(source.block(place, size))

    def text(self, offset: int) -> bytes:
        """The text that begins at `offset`."""
        self._names.at = offset
        text = self._names.text()
        self._source.spend("structure", len(text))
        return text


class GlobalHeap:
    """Texts of any length, in collections anywhere in the file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._collections: dict[int, dict[int, bytes]] = {}
        self._texts: dict[tuple[int, int, int], str] = {}

    def get(self, address: int, index: int, length: int) -> bytes:
        """So many bytes of an object of the collection at an address."""
        if not length:  # of which there may be no object at all
            return b""
        if address not in self._collections:
            self._collections[address] = self._collection(address)
        found = self._collections[address].get(index, b"")
        if len(found) < length:
            bad(f"a text of {length} bytes as number {index} of the heap at {address}", f"{len(found)} bytes")
        if len(found) == length:
            return found
        self._source.spend("structure", length)
        return found[:length]

    def text(self, address: int, index: int, length: int) -> str:
        """The same as text, made once, however often it is named."""
        key = address, index, length
        if key not in self._texts:
            self._texts[key] = self.get(*key).decode("utf-8", "surrogateescape")
        return self._texts[key]

    def _collection(self, address: int) -> dict[int, bytes]:
        cursor = Cursor(self._source.block(address, 16))
        cursor.expect(b"GCOL\1")
        cursor.take(3)
        size = cursor.number(8)
        if size < 16:
            bad("a collection of at least 16 bytes", size)
        cursor = Cursor(self._source.block(address + 16, size - 16))
        found: dict[int, bytes] = {}
        while cursor.left >= 16:
            index, _, length = cursor.number(2), cursor.take(6), cursor.number(8)
            if index == 0:  # the rest is free
                break
            found[index] = cursor.take(length)
            cursor.take(min(-length % 8, cursor.left))
        return found


class FractalHeap:
    """A heap whose blocks double in size, row by row."""

    def __init__(self, source: Source, address: int) -> None:
        self._source, self._address = source, address
        self._blocks: dict[int, bytes] = {}
        self._huge: dict[int, tuple[int, int]] | None = None
        cursor = Cursor(source.block(address, 142))
        cursor.expect(b"FRHP\0")
        self._id_size, filters, flags = cursor.number(2), cursor.number(2), cursor.number(1)
        if filters:
            bad("links and attributes that are not compressed", "a heap with filters", "save them plain")
        source.signed(address, 146, b"FRHP")
        self._checked = bool(flags & 2)
        most = cursor.number(4)
        cursor.take(8)
        self._huge_tree = cursor.number(8)
        cursor.take(80)
        self._width, self._start, self._largest = cursor.number(2), cursor.number(8), cursor.number(8)
        bits = cursor.number(2)
        cursor.take(2)
        self._root, self._rows = cursor.number(8), cursor.number(2)
        powers = all(n > 0 and n & n - 1 == 0 for n in (self._width, self._start, self._largest))
        if not powers or not self._start <= self._largest or not 0 < bits <= 64 or self._rows > 64:
            bad("a heap of sound sizes", f"{self._width} blocks a row of {self._start} to {self._largest} bytes")
        self._offset_size = (bits + 7) // 8
        self._length_size = min((self._largest.bit_length() + 6) // 8, bytes_for(most))
        self._direct_rows = self._largest.bit_length() - self._start.bit_length() + 2

    def get(self, name: bytes) -> bytes:
        """The object of that heap ID."""
        cursor = Cursor(name)
        flags = cursor.number(1)
        kind = flags >> 4 & 3
        if flags >> 6 or kind > 2:
            bad("the ID of a managed, huge or tiny object", name)
        if kind == 2:
            return self._tiny(flags, cursor)
        if kind == 1:
            return self._huge_object(cursor)
        offset, length = cursor.number(self._offset_size), cursor.number(self._length_size)
        start, block = self._direct_block(offset)
        least = 5 + 8 + self._offset_size + 4 * self._checked
        if not least <= offset - start <= offset - start + length <= len(block):
            bad(f"an object within its block of {len(block)} bytes", f"{length} bytes at {offset - start}")
        self._source.spend("structure", length)
        return block[offset - start : offset - start + length]

    def _tiny(self, flags: int, cursor: Cursor) -> bytes:
        extended = self._id_size > 17
        return cursor.take(((flags & 15) << 8 | cursor.number(1) if extended else flags & 15) + 1)

    def _huge_object(self, cursor: Cursor) -> bytes:
        if self._id_size >= 17:
            return self._source.block(cursor.number(8), cursor.number(8))
        if self._huge is None:
            self._huge = {}
            for record in records(self._source, self._huge_tree, _HUGE_RECORDS, 24):
                fields = Cursor(record)
                address, length, key = (fields.number(8) for _ in range(3))
                self._huge[key] = address, length
        key = cursor.number(min(8, cursor.left))
        if key not in self._huge:
            bad("a huge object that is there", key)
        return self._source.block(*self._huge[key])

    def _direct_block(self, offset: int) -> tuple[int, bytes]:
        """The block in which an offset of the heap lies, and where it begins."""
        address, rows, start, size = self._root, self._rows, 0, self._start
        while rows:
            first = self._width * self._start  # bytes of each of the first two rows
            row = ((offset - start) // first).bit_length()
            if row >= rows:
                bad(f"an object in one of {rows} rows", f"offset {offset}")
            size = self._start << max(row - 1, 0)
            before = first << row - 1 if row else 0
            column = (offset - start - before) // size
            entry = row * self._width + column
            address = self._child(address, rows, entry)
            start += before + column * size
            rows = 0 if row < self._direct_rows else size.bit_length() - first.bit_length() + 1
        if offset >= start + size:
            bad(f"an object in the one block of {size} bytes", f"offset {offset}")
        return start, self._data(address, size)

    def _child(self, address: int, rows: int, entry: int) -> int:
        """The address of a block, out of the indirect block above it."""
        head = 5 + 8 + self._offset_size
        if address not in self._blocks:
            block = self._source.signed(address, head + rows * self._width * 8 + 4, b"FHIB\0")
            self._own(block)
            self._blocks[address] = block.data
        place = head + 8 * entry
        return int.from_bytes(self._blocks[address][place : place + 8], "little")

    def _data(self, address: int, size: int) -> bytes:
        """A direct block."""
        if address not in self._blocks:
            block = self._source.block(address, size)
            cursor = Cursor(block)
            cursor.expect(b"FHDB\0")
            self._own(cursor)
            cursor.take(self._offset_size)
            if self._checked:
                place, checksum = cursor.at, cursor.number(4)
                self._source.verify(block[:place] + bytes(4) + block[place + 4 :], checksum)
            self._blocks[address] = block
        return self._blocks[address]

    def _own(self, cursor: Cursor) -> None:
        owner = cursor.number(8)
        if owner != self._address:
            bad(f"a block of the heap at {self._address}", owner)
