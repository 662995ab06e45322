"""The bytes of a file, which are handed out checked and counted."""

from __future__ import annotations

import struct
from typing import NoReturn

from fastmlp._validate import brief
from fastmlp.saving.archives import most_unpacked

UNDEFINED = (1 << 64) - 1  # the address of what is not stored
_MIB = 1 << 20
_WORD = (1 << 32) - 1


def bad(rule: str, got: object, mend: str = "the file is damaged") -> NoReturn:
    """Raise for what a file should not hold."""
    raise ValueError(f"HDF5: expected {rule}, got {brief(got)}; {mend}")


class Source:
    """A file in memory, and how much may still be done for it.

    A sound file keeps each thing once. So what is read of its structure may add up to a few times its size (some
    blocks are looked at twice), the numbers in it to its size, and what it merely announces (numbers that equal a
    fill value, a second name for the same numbers) to little more; what is unpacked, to 100 times the file or 64 MiB.
    A file whose parts point at each other crosswise soon has nothing left. One that was `packed` into so many bytes
    itself is not unpacked any further.
    """

    def __init__(self, data: bytes | memoryview, packed: int | None = None) -> None:
        self.data = memoryview(data).cast("B")
        self.size = len(self.data)
        self._left = {
            "structure": 4 * self.size + _MIB // 16,
            "checksums": min(2 * self.size, 64 * _MIB) + _MIB // 16,  # slow in Python
            "numbers": self.size,
            "numbers that are not stored": self.size + _MIB,
            "numbers in chunks": most_unpacked(self.size if packed is None else packed),
        }

    def spend(self, kind: str, amount: int) -> None:
        """Count `amount` of a kind of thing, of which there is a limited supply."""
        self._left[kind] -= amount
        if self._left[kind] < 0:
            bad(f"{kind} in proportion to the {self.size} bytes of the file", f"{-self._left[kind]} too many")

    def _part(self, address: int, length: int) -> memoryview:
        if address + length > self.size:
            bad(f"all parts within its {self.size} bytes", f"{length} bytes at {address}", "it is cut short or damaged")
        return self.data[address : address + length]

    def block(self, address: int, length: int) -> bytes:
        """A part of the structure."""
        part = self._part(address, length)
        self.spend("structure", length + 16)
        return bytes(part)

    def numbers(self, address: int, length: int) -> memoryview:
        """A part that holds what was saved."""
        part = self._part(address, length)
        self.spend("numbers", length)
        return part

    def signed(self, address: int, length: int, signature: bytes) -> Cursor:
        """A block that begins with its signature and ends with its checksum; the cursor stands after the signature."""
        block = self.block(address, length)
        cursor = Cursor(block[:-4])
        cursor.expect(signature)
        self.verify(block[:-4], int.from_bytes(block[-4:], "little"))
        return cursor

    def verify(self, data: bytes, checksum: int) -> None:
        """Compare with a checksum of Jenkins's kind."""
        self.spend("checksums", len(data))
        found = checksum_of(data)
        if found != checksum:
            bad(f"a block with checksum {checksum:08x}", f"{found:08x}")


class Cursor:
    """Where one is in a block."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return len(self.data) - self.at

    def take(self, count: int) -> bytes:
        """The next so many bytes."""
        end = self.at + count
        if end > len(self.data):
            bad(f"{count} more bytes in a part of {len(self.data)}", f"{self.left}")
        part = self.data[self.at : end]
        self.at = end
        return part

    def number(self, count: int) -> int:
        """The next so many bytes as a whole number."""
        return int.from_bytes(self.take(count), "little")

    def text(self) -> bytes:
        """Bytes up to the next zero."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            bad("a text that ends", self.data[self.at : self.at + 20])
        part = self.data[self.at : end]
        self.at = end + 1
        return part

    def align(self, start: int, step: int = 8) -> None:
        """Go on to where a multiple of `step` bytes lies behind `start`."""
        self.take(-(self.at - start) % step)

    def expect(self, signature: bytes) -> None:
        """Pass these very bytes."""
        found = self.take(len(signature))
        if found != signature:
            bad(f"the signature {signature!r}", found)


def checksum_of(data: bytes) -> int:
    """Bob Jenkins's lookup3 hash of some bytes, by which HDF5 guards its structure."""
    a = b = c = (0xDEADBEEF + len(data)) & _WORD
    whole = max(len(data) - 1, 0) // 12 * 12  # the last 1 to 12 bytes are treated apart
    for x, y, z in struct.iter_unpack("<3I", data[:whole]):
        a, b, c = a + x & _WORD, b + y & _WORD, c + z & _WORD
        a = (a - c & _WORD) ^ (c << 4 & _WORD | c >> 28)
        c = c + b & _WORD
        b = (b - a & _WORD) ^ (a << 6 & _WORD | a >> 26)
        a = a + c & _WORD
        c = (c - b & _WORD) ^ (b << 8 & _WORD | b >> 24)
        b = b + a & _WORD
        a = (a - c & _WORD) ^ (c << 16 & _WORD | c >> 16)
        c = c + b & _WORD
        b = (b - a & _WORD) ^ (a << 19 & _WORD | a >> 13)
        a = a + c & _WORD
        c = (c - b & _WORD) ^ (b << 4 & _WORD | b >> 28)
        b = b + a & _WORD
    if not data:
        return c
    rest = data[whole:].ljust(12, b"\0")
    a, b, c = ((value + int.from_bytes(rest[4 * i : 4 * i + 4], "little")) & _WORD for i, value in enumerate((a, b, c)))
    return _final(a, b, c)


def _turned(x: int, k: int) -> int:
    return x << k & _WORD | x >> 32 - k


def _final(a: int, b: int, c: int) -> int:
    c = (c ^ b) - _turned(b, 14) & _WORD
    a = (a ^ c) - _turned(c, 11) & _WORD
    b = (b ^ a) - _turned(a, 25) & _WORD
    c = (c ^ b) - _turned(b, 16) & _WORD
    a = (a ^ c) - _turned(c, 4) & _WORD
    b = (b ^ a) - _turned(a, 14) & _WORD
    return (c ^ b) - _turned(b, 24) & _WORD
