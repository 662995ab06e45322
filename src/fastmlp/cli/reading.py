"""A CSV file as columns: numbers as float64, anything else as words, each column by its name.

Files are read in chunks of rows by the csv module; a table to train on, which is read whole, by pandas if it can be.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from os import PathLike
from typing import NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastmlp._validate import brief
from fastmlp.cli.plain import Cells, read_plain
from fastmlp.saving.tensors import regular

CHUNK = 512  # rows: so few that their cells stay in the cache until they are numbers
_CHUNKS = 16  # of a table to predict: so many that a network has something to do
MISSING = frozenset(("", "na", "n/a", "nan", "null", "<na>", "#n/a", "?"))
_NO_NUMBER = MISSING | {"none", "-", "."}  # these too mean a missing one where numbers stand, but may name a category
_TRUTH = {"true": 1.0, "yes": 1.0, "t": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "f": 0.0, "n": 0.0}
_COMMAS = re.compile(r"[-+]?[\d.]*,[\d.,]*\d(e[-+]?\d+)?", re.IGNORECASE)
NO_COMMAS = "write decimal points, and no commas between thousands"  # what mends them
HUGE = 1e38  # what float32 cannot hold counts as missing


@dataclass(frozen=True)
class Words:
    """A column of text: each cell is ``words[code]``; the word of a missing one is empty."""

    codes: NDArray[np.int64]
    words: list[str]

    def __getitem__(self, rows: NDArray[np.int64]) -> Words:
        return Words(self.codes[rows], self.words)

    def __len__(self) -> int:
        return len(self.codes)


Column: TypeAlias = "NDArray[np.float64] | Words"


@dataclass(frozen=True)
class Table:
    """Columns of one length, by name."""

    columns: dict[str, Column]
    rows: int

    def take(self, rows: NDArray[np.int64]) -> Table:
        """Some of the rows."""
        return Table({name: column[rows] for name, column in self.columns.items()}, len(rows))

    def without(self, name: str) -> Table:
        """All columns but one."""
        return Table({key: column for key, column in self.columns.items() if key != name}, self.rows)


def clean(cell: str) -> str:
    """A cell without spaces around it; empty if it says that the value is missing.

    >>> clean(" Rome "), clean("N/A")
    ('Rome', '')
    """
    word = cell.strip()
    return "" if word.casefold() in MISSING else word


def number(cell: str) -> float | None:
    """The number a cell holds, NaN if it is missing, 1 and 0 for yes and no; None for anything else.

    >>> number("2.5e3"), number("yes"), number(" NA "), number("1_000")
    (2500.0, 1.0, nan, None)
    """
    word = cell.strip().casefold()
    if word in _NO_NUMBER:
        return math.nan
    try:
        return None if "_" in word else float(word)
    except ValueError:
        return _TRUTH.get(word)


def has_commas(cell: str) -> bool:
    """Whether a cell looks like a number with a comma, which may be a decimal one or mark thousands: it is none here.

    >>> has_commas("2,98"), has_commas("1,234.5"), has_commas("2.98"), has_commas("a,1")
    (True, True, False, False)
    """
    return _COMMAS.fullmatch(cell.strip()) is not None


def numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The numbers of cells, NaN where one is missing, infinite or beyond float32; None if one of them is no number."""
    try:
        found: list[float | None] = [] if "_" in "".join(cells) else list(map(float, cells))
    except ValueError:
        found = []
    if len(found) < len(cells):  # the quick way did not do
        known = {cell: number(cell) for cell in dict.fromkeys(cells)}
        if None in known.values():
            return None
        found = list(map(known.__getitem__, cells))
    return representable(np.array(found, np.float64))


def representable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, those that float32 cannot hold now missing."""
    values[~(np.abs(values) < HUGE)] = math.nan
    return values


class CsvFile:
    """A CSV file with a header, in UTF-8: its column names, and its rows by chunks.

    As a table it takes some 10 times the memory of the file, and never more than 600 times: where there are more
    columns than rows, each has its price.

    Parameters
    ----------
    path
        The file.
    separator
        What stands between cells: one character, or 'tab'.
    """

    def __init__(self, path: str | PathLike[str], separator: str = ",") -> None:
        self.path = path
        self.separator = {"tab": "\t", "\\t": "\t"}.get(separator, separator)
        if len(self.separator) != 1 or self.separator in '"\r\n ':
            raise ValueError(f"--separator: expected one character or 'tab', got {separator!r}; give ',' or ';'")
        header = next((row for _, row in self._rows()), None)
        if header is None:
            raise ValueError(f"{self.path}: expected a header and rows, got an empty file; fill it")
        self.header = [cell.strip() for cell in header]
        self.names = [name or f"column {place}" for place, name in enumerate(self.header, 1)]
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(self.names):
            self._places.setdefault(name, []).append(place)

    def chunks(self) -> Iterator[tuple[list[int], list[tuple[str, ...]]]]:
        """Line numbers and columns of some thousand rows at a time."""
        rows = self._checked_rows()
        while chunk := list(islice(rows, CHUNK)):
            yield [line for line, _ in chunk], list(zip(*(row for _, row in chunk)))

    def place(self, name: str, what: str) -> int:
        """Where the column of that name is; `what` it is needed as, an error says."""
        places = self._places.get(name, [])
        if len(places) > 1:
            raise ValueError(f"{self.path}: expected different column names, got {name!r} {len(places)} times; "
                             "rename the others")  # fmt: skip
        if not places:
            raise ValueError(f"{self.path}: expected a column {name!r} ({what}), got {self._shown()}; {self._advice()}")
        return places[0]

    def _shown(self) -> str:
        names = ", ".join(map(repr, self.names[:12]))
        return f"{names} … ({len(self.names)} columns)" if len(self.names) > 12 else names

    def _advice(self) -> str:
        """What may be wrong with a header that lacks a name."""
        other = [sign for sign in ";\t|," if sign != self.separator and sign in self.names[0]]
        if len(self.names) == 1 and other:
            return f"try --separator {'tab' if other[0] == chr(9) else repr(other[0])}"
        if any(name[:1].isdigit() and number(name) is not None for name in self.header):
            return "if its first line is data already, put one with the column names above it"
        return "check the spelling of the name"

    def _checked_rows(self) -> Iterator[tuple[int, list[str]]]:
        rows = self._rows()
        next(rows)
        for line, row in rows:
            if len(row) != len(self.names):
                raise ValueError(f"{self.path}: expected {len(self.names)} cells in each row, as in the header, "
                                 f"got {len(row)} in line {line}; mend that line")  # fmt: skip
            yield line, row

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line numbers and cells of all rows that are not blank."""
        line = 0
        try:
            with TextIOWrapper(regular(self.path), encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, delimiter=self.separator, skipinitialspace=True, strict=True)
                for row in reader:
                    line = reader.line_num
                    if row:
                        yield line, row
        except UnicodeDecodeError:
            self._broken("text in UTF-8", f"other bytes in line {self._undecodable()}", "save the file as UTF-8")
        except csv.Error as error:
            self._broken("CSV", f"{error} in the row after line {line}", "look for a quote that is not closed")
        except OSError as error:
            self._broken("a file that can be read", str(error.strerror), "check the path")

    def _undecodable(self) -> int:
        """The first line, from 1, that is not in UTF-8."""
        with open(self.path, "rb") as file:
            return next(place for place, line in enumerate(file, 1) if line.decode(errors="ignore").encode() != line)

    def _broken(self, rule: str, got: str, advice: str) -> NoReturn:
        raise ValueError(f"{self.path}: expected {rule}, got {got}; {advice}") from None


class _Numbers:
    """A column of numbers as it grows."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.float64]] = []

    def add(self, cells: Sequence[str]) -> bool:
        """Whether these cells were numbers, too."""
        values = numbers(cells)
        if values is not None:
            self.parts.append(values)
        return values is not None

    def column(self) -> NDArray[np.float64]:
        return np.concatenate(self.parts)


class _Words:
    """A column of words as it grows; each is kept once."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.int64]] = []
        self.codes: dict[str, int] = {}  # of words
        self.seen: dict[str, int] = {}  # of cells, which may spell a word with spaces around it

    def add(self, cells: Sequence[str]) -> bool:
        """Always well."""
        for cell in dict.fromkeys(cells):
            if cell not in self.seen:
                self.seen[cell] = self.codes.setdefault(clean(cell), len(self.codes))
        self.parts.append(np.array([self.seen[cell] for cell in cells], np.int64))
        return True

    def column(self) -> Words:
        return Words(np.concatenate(self.parts), list(self.codes))


def read_table(file: CsvFile, words: Collection[str] = ()) -> Table:
    """All columns of a file: numbers where all cells are, words elsewhere and where `words` asks for them.

    A column whose first text comes late is read again from the start.
    """
    for name in file.names:
        file.place(name, "as the header says")
    kinds = {name: _Words if name in words else _Numbers for name in file.names}
    plain = read_plain(file.path, file.separator, len(kinds), [file.names.index(name) for name in words])
    if plain:
        return Table({name: _column(kinds[name], cells) for name, cells in zip(kinds, plain)}, len(plain[0]))
    columns, rows = _collect(file, kinds)
    late = [name for name in file.names if name not in columns]
    if late:
        columns.update(_collect(file, dict.fromkeys(late, _Words))[0])
    return Table({name: columns[name] for name in file.names}, rows)


def _column(kind: type[_Numbers] | type[_Words], cells: Cells) -> Column:
    """A column of that kind if it can be, of words otherwise."""
    if not isinstance(cells, list):
        return representable(cells)
    column = kind()
    if not column.add(cells):
        column = _Words()
        column.add(cells)
    return column.column()


def _collect(file: CsvFile, kinds: Mapping[str, type[_Numbers] | type[_Words]]) -> tuple[dict[str, Column], int]:
    """The columns of these kinds and how many rows there are; one that turned out to be of words late is left out."""
    growing: dict[str, _Numbers | _Words] = {name: kind() for name, kind in kinds.items()}
    places = {name: place for place, name in enumerate(file.names) if name in kinds}
    rows = 0
    for lines, cells in file.chunks():
        for name in list(growing):
            if growing[name].add(cells[places[name]]):
                continue
            if rows:
                del growing[name]
            else:
                growing[name] = _Words()
                growing[name].add(cells[places[name]])
        rows += len(lines)
    if not rows:
        raise ValueError(f"{file.path}: expected rows below the header, got none; add some")
    return {name: column.column() for name, column in growing.items()}, rows


def read_chunks(file: CsvFile, kinds: Mapping[str, str], what: str) -> Iterator[Table]:
    """Tables of some thousand rows each, with the columns asked for alone, each 'number' or 'word' as `kinds` says."""
    places = {name: file.place(name, what) for name in kinds}
    chunks = file.chunks()
    while some := list(islice(chunks, _CHUNKS)):
        columns: dict[str, Column] = {}
        for name, kind in kinds.items():
            growing = _Numbers() if kind == "number" else _Words()
            for lines, cells in some:
                if not growing.add(cells[places[name]]):
                    _not_a_number(file, name, lines, cells[places[name]])
            columns[name] = growing.column()
        yield Table(columns, sum(len(lines) for lines, _ in some))


def _not_a_number(file: CsvFile, name: str, lines: Iterable[int], cells: Iterable[str]) -> NoReturn:
    line, cell = next((line, cell) for line, cell in zip(lines, cells) if number(cell) is None)
    advice = NO_COMMAS if has_commas(cell) else "mend that cell or leave it empty"
    raise ValueError(f"{file.path}: expected numbers in column {name!r}, got {brief(cell)} in line {line}; {advice}")
