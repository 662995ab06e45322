"""Tables as rows of numbers a network can learn from, by what the training part showed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastmlp._validate import brief
from fastmlp.cli.reading import NO_COMMAS, Column, Table, Words, has_commas, number

MOST_CATEGORIES = 50  # of a column; the less frequent ones are 'other'
_RARE = 2, 1000  # a category needs 2 rows, and one of a thousand
_FAR = 1e6  # standard deviations: beyond, a value is taken as that far away
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?|\d{1,2}:\d{2}(:\d{2})?"
)
_ID = re.compile(r"(?i:id|index|row|row ?names?|uuid|guid|.*[_ .-]id)|.*[a-z]I[dD]|column 1|Unnamed: 0")


@dataclass(frozen=True)
class NumberFeature:
    """``(x − mean) / scale``, the median for what is missing, and a column that tells so if training had such rows.

    >>> NumberFeature("age", median=3.0, mean=2.0, scale=2.0, missing=True).encode(np.array([4.0, np.nan])).tolist()
    [[1.0, 0.0], [0.5, 1.0]]
    """

    kind: ClassVar[str] = "number"
    name: str
    median: float
    mean: float
    scale: float
    missing: bool

    @classmethod
    def fit(cls, name: str, values: NDArray[np.float64]) -> NumberFeature:
        """Median, mean and scale of a column; its missing values count as the median."""
        gaps = np.isnan(values)
        median = float(np.median(values[~gaps]))
        filled = np.where(gaps, median, values)
        return cls(name, median, float(filled.mean()), float(filled.std()) or 1.0, bool(gaps.any()))

    @property
    def names(self) -> list[str]:
        """What the columns are called."""
        return [self.name, f"{self.name} is missing"][: 1 + self.missing]

    def encode(self, column: NDArray[np.float64]) -> NDArray[np.float32]:
        """One row of numbers for each cell."""
        gaps = np.isnan(column)
        scaled = (np.where(gaps, self.median, column) - self.mean) / self.scale
        pair = np.stack([np.clip(scaled, -_FAR, _FAR), gaps], axis=1)
        return pair[:, : 1 + self.missing].astype(np.float32)


@dataclass(frozen=True)
class WordFeature:
    """One-hot: a column for each category and, if training had rare ones, one for all others. New ones go there, too.

    >>> city = WordFeature("city", categories=("Rome", "Oslo"), other=True)
    >>> city.encode(Words(np.array([1, 0, 1]), ["Oslo", "Bern"])).tolist()
    [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    kind: ClassVar[str] = "word"
    name: str
    categories: tuple[str, ...]
    other: bool

    @classmethod
    def fit(cls, name: str, column: Words) -> WordFeature:
        """The frequent categories of a column, the most frequent first."""
        counts = np.bincount(column.codes, minlength=len(column.words))
        frequent = np.flatnonzero(counts >= max(_RARE[0], len(column) / _RARE[1]))
        order = sorted(frequent.tolist(), key=lambda code: (-counts[code], column.words[code]))[:MOST_CATEGORIES]
        return cls(name, tuple(column.words[code] for code in order), int(counts[order].sum()) < len(column))

    @property
    def names(self) -> list[str]:
        """What the columns are called."""
        values = [word or "(missing)" for word in self.categories] + ["other"] * self.other
        return [f"{self.name} = {value}" for value in values]

    def encode(self, column: Words) -> NDArray[np.float32]:
        """One row of numbers for each cell; all 0 for what is new where training had no others."""
        places = {word: place for place, word in enumerate(self.categories)}
        one_hot = np.eye(len(self.names) + 1, len(self.names), dtype=np.float32)  # its last row is 0
        elsewhere = len(self.categories)
        places_of_codes = np.array([places.get(word, elsewhere) for word in column.words], np.int64)
        rows: NDArray[np.float32] = one_hot[places_of_codes[column.codes]]
        return rows


Feature: TypeAlias = NumberFeature | WordFeature


class TablePreparation:
    """From a table to a float32 array, one row for each of its rows.

    Numbers are scaled by mean and standard deviation of the table given to `fit`, categories become one-hot; what is
    missing is filled in. Columns that tell nothing a network can use are left out; `dropped` says which and why.

    >>> table = Table({"x": np.array([1.0, 3.0]), "unit": Words(np.array([0, 0]), ["m"])}, rows=2)
    >>> preparation = TablePreparation().fit(table)
    >>> preparation.transform(table).tolist(), preparation.dropped
    ([[-1.0], [1.0]], {'unit': 'the same everywhere'})
    """

    def __init__(self) -> None:
        self.features: list[Feature] = []
        self.dropped: dict[str, str] = {}

    def fit(self, table: Table, rows: NDArray[np.int64] | None = None) -> TablePreparation:
        """Learn from these rows of a table, all if none are given; returns itself.

        Which columns number or date the rows, the whole table shows; all else is learnt from `rows` alone.
        """
        self.features, self.dropped = [], {}
        rows = np.arange(table.rows) if rows is None else rows
        for name, whole in table.columns.items():
            column = whole[rows]
            why = useless(name, whole, alone=len(table.columns) == 1) or useless(name, column, alone=True)
            if why:
                self.dropped[name] = why
            elif isinstance(column, Words):
                self.features.append(WordFeature.fit(name, column))
            else:
                self.features.append(NumberFeature.fit(name, column))
        if not self.features:
            reasons = "; ".join(f"{name!r} {why}" for name, why in self.dropped.items()) or "no other column"
            raise ValueError(f"train: expected a column to learn from beside the target, got {brief(reasons)}; add one")
        return self

    @property
    def names(self) -> list[str]:
        """What the columns of `transform` are called."""
        return [name for feature in self.features for name in feature.names]

    @property
    def kinds(self) -> dict[str, str]:
        """The columns of a table that are needed: 'number' or 'word' for each."""
        return {feature.name: feature.kind for feature in self.features}

    def transform(self, table: Table) -> NDArray[np.float32]:
        """Rows of numbers, none of them NaN or infinite."""
        missing = [name for name in self.kinds if name not in table.columns]
        if missing:
            raise ValueError(f"transform: expected columns {', '.join(map(repr, self.kinds))}, "
                             f"got none named {missing[0]!r}; add it")  # fmt: skip
        result = np.empty((table.rows, len(self.names)), np.float32)
        at = 0
        for feature in self.features:
            column: Any = table.columns[feature.name]
            if isinstance(column, Words) is not (feature.kind == "word"):
                raise ValueError(f"transform: expected column {feature.name!r} to hold {feature.kind}s, "
                                 "as in training, got the other kind; read it with read_chunks")  # fmt: skip
            part = feature.encode(column)
            result[:, at : at + part.shape[1]] = part
            at += part.shape[1]
        return result

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        features = [{"kind": feature.kind, **asdict(feature)} for feature in self.features]
        return {"features": features, "dropped": self.dropped}

    @classmethod
    def from_json(cls, value: Any) -> TablePreparation:
        """What `to_json` gave; anything else is a ValueError."""
        preparation = cls()
        try:
            preparation.features = [_feature(feature) for feature in value["features"]]
            preparation.dropped = {str(name): str(why) for name, why in value["dropped"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"from_json: expected what to_json gives, got {brief(value)} ({brief(error)}); "
                             "train the model again") from None  # fmt: skip
        return preparation


def _feature(value: Mapping[str, Any]) -> Feature:
    """A feature from JSON, each setting checked."""
    name = value["name"]
    if value["kind"] == "word" and isinstance(name, str):
        words, other = value["categories"], value["other"]
        few = isinstance(words, (list, tuple)) and len(words) <= MOST_CATEGORIES
        if few and all(isinstance(word, str) for word in words):
            return WordFeature(name, tuple(words), bool(other))
    elif value["kind"] == "number" and isinstance(name, str):
        median, mean, scale = (float(value[key]) for key in ("median", "mean", "scale"))
        if all(map(math.isfinite, (median, mean, scale))) and scale > 0:
            return NumberFeature(name, median, mean, scale, bool(value["missing"]))
    raise ValueError(f"no feature: {name!r}")


def useless(name: str, column: Column, *, alone: bool = False) -> str | None:
    """Why nothing can be learnt from a column, None if something can; one that is `alone` may be a row number.

    >>> useless("when", Words(np.array([0, 1]), ["2024-01-31", "2024-02-01"]))
    'dates and times are not supported: put numbers such as year, month or age in their place'
    """
    if isinstance(column, Words):
        return _useless_words(name, column)
    known = column[~np.isnan(column)]
    if not len(known):
        return "empty"
    if len(known) == len(column) and known.min() == known.max():
        return "the same everywhere"
    if len(known) < len(column) or alone or len(column) < 3 or np.any(known != np.floor(known)):
        return None
    if np.ptp(known) == len(known) - 1 and known[0] in (0, 1) and np.all(np.diff(known) == 1):
        return "the number of the row"
    if _ID.fullmatch(name) and len(np.unique(known)) == len(known):
        return "an identifier: another number in each row"
    return None


def _useless_words(name: str, column: Words) -> str | None:
    counts = np.bincount(column.codes, minlength=len(column.words))
    words = [column.words[code] for code in np.flatnonzero(counts)]
    said = [word for word in words if word]
    if not said:
        return "empty"
    if len(words) == 1:
        return "the same everywhere"
    if sum(_DATE.fullmatch(word) is not None for word in said) > 0.9 * len(said):
        return "dates and times are not supported: put numbers such as year, month or age in their place"
    strange = [word for word in said if number(word) is None]
    commas = [word for word in strange if has_commas(word)]
    many = len(said) > MOST_CATEGORIES
    if many and len(strange) < 0.1 * len(said):
        return f"numbers, but also {brief(strange[0])}: mend such cells or leave them empty to have them used"
    feature = WordFeature.fit(name, column)
    kept = sum(int(counts[code]) for code, word in enumerate(column.words) if word in set(feature.categories))
    few = kept < len(column) / 2
    if commas and (many or few) and len(strange) - len(commas) < 0.1 * len(said):
        return f"numbers with commas, such as {brief(commas[0])}: {NO_COMMAS}, to have them used"
    return f"{len(said)} different words: too many to learn something about each" if few else None
