"""Zip archives, read: members are looked up by name and unpacked into memory, within limits, never onto the disk.

So what names they have, and which are links, is of no account. All that is unpacked of an archive comes to at most 100
times its size, or 64 MiB if that is more. Damaged ones raise whatever zipfile and zlib raise: callers name the file.
"""

from __future__ import annotations

import io
import zipfile

_MOST_MEMBERS = 1 << 12  # Keras writes three, and a few of layers with vocabularies
_LEAST, _MOST_TIMES = 1 << 26, 100
_METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def most_unpacked(size: int) -> int:
    """How many bytes may come out of a file of so many that are packed."""
    return max(_LEAST, _MOST_TIMES * size)


class Archive:
    """The members of a zip by name, each there once."""

    def __init__(self, data: bytes) -> None:
        self._left = most_unpacked(len(data))
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        listed = self._zip.infolist()
        self._members = {info.filename: info for info in listed}
        if len(listed) > _MOST_MEMBERS or len(self._members) < len(listed):
            raise ValueError(f"{len(listed)} members, where at most {_MOST_MEMBERS} may be, each once")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def need(self, *names: str) -> None:
        """Refuse an archive without these."""
        missing = [name for name in names if name not in self]
        if missing:
            raise ValueError(f"no {' and no '.join(missing)} in it")

    def read(self, name: str, most: int | None = None) -> bytes:
        """A member's bytes, which are at most so many."""
        info = self._members[name]
        if most is not None and info.file_size > most:
            raise ValueError(f"{name} of {info.file_size} bytes, where {most} are the most")
        self._left -= info.file_size
        if self._left < 0:
            raise ValueError(f"{name} of {info.file_size} bytes, packed into {info.compress_size}: pack it less")
        if info.compress_type not in _METHODS:
            raise ValueError(f"{name} packed by method {info.compress_type}, which is neither stored nor deflated")
        with self._zip.open(info) as file:
            data = file.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise ValueError(f"{name} of {len(data)} bytes, where its header says {info.file_size}")
        return data
