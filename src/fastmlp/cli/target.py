"""The column that is to be predicted: which task it sets, its values as a network's, and a network's as its values."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmlp._validate import brief
from fastmlp.cli.reading import HUGE, NO_COMMAS, Words, has_commas

CLASSIFICATION, REGRESSION = "classification", "regression"
_FEW = 20  # whole numbers, of
_ROWS_EACH = 5  # at least, on average: then they are classes


@dataclass(frozen=True)
class Target:
    """What is predicted: one of `classes`, or a number ``mean + scale · output``. Its columns have no gaps.

    >>> target = Target("size", "classification", ("S", "M", "L"))
    >>> target.labels(Words(np.array([1, 0]), ["L", "S"])).tolist()
    [0, 2]
    """

    name: str
    task: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0

    @property
    def outputs(self) -> int:
        """How many numbers a network is to give for a row."""
        return len(self.classes) if self.task == CLASSIFICATION else 1

    def labels(self, column: Words) -> NDArray[np.int64]:
        """The class of each cell by its number."""
        numeric = all(_finite(word) for word in self.classes)
        places = {_key(word, numeric): place for place, word in enumerate(self.classes)}
        found = [places[_key(word, numeric)] if word else 0 for word in column.words]
        return np.array(found, np.int64)[column.codes]

    def values(self, column: Words) -> NDArray[np.float64]:
        """The number in each cell."""
        return np.array([float(word or "nan") for word in column.words])[column.codes]

    def scaled_by(self, values: NDArray[np.float64]) -> Target:
        """With mean and scale of these values, those of the training part."""
        return replace(self, mean=float(values.mean()), scale=float(values.std()) or 1.0)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Target:
        """What `to_json` gave; anything else is a ValueError."""
        try:
            classes, mean, scale = tuple(value["classes"]), float(value["mean"]), float(value["scale"])
            target = cls(str(value["name"]), value["task"], classes, mean, scale)
        except (KeyError, TypeError, ValueError):
            target = cls("", "none")
        fits = len(target.classes) > 1 if target.task == CLASSIFICATION else target.task == REGRESSION
        texts = all(isinstance(word, str) for word in target.classes)
        if not (fits and texts and math.isfinite(target.mean) and math.isfinite(target.scale)):
            raise ValueError(f"from_json: expected what to_json gives, got {brief(value)}; train the model again")
        return target


def find_target(name: str, column: Words, task: str = "auto") -> tuple[Target, str]:
    """The target in a column without gaps, and why the task is what it is.

    Text and few different whole numbers are classes, other numbers a quantity; `task` decides otherwise.
    """
    words = [word for word in column.words if word]
    strange = next((word for word in words if not _finite(word)), None)
    if strange and task != CLASSIFICATION and all(_finite(word) or has_commas(word) for word in words):
        raise ValueError(f"train: expected numbers or text in the target {name!r}, got numbers with commas such as "
                         f"{brief(strange)}; {NO_COMMAS}, or say --task classification")  # fmt: skip
    values = np.unique([float(word) for word in words]) if strange is None else np.empty(0)
    if task == "auto":
        task, why = _told(words, strange, values, len(column))
    else:
        why = f"--task {task}"
    if task == REGRESSION:
        if strange is not None:
            raise ValueError(f"train: expected numbers in the target {name!r}, got {brief(strange)}; mend that cell, "
                             "or say --task classification")  # fmt: skip
        if len(values) < 2:
            raise ValueError(f"train: expected a target {name!r} that varies, got {_shown(words)} in all rows; "
                             "take another column")  # fmt: skip
        return Target(name, REGRESSION), why
    spelt: dict[Any, str] = {}
    for word in words:  # 1 and 1.0 are one class
        spelt.setdefault(_key(word, strange is None), word)
    if len(spelt) < 2:
        raise ValueError(f"train: expected a target {name!r} of two classes or more, got {_shown(words)} in all rows; "
                         "take another column")  # fmt: skip
    if len(spelt) > len(column) / 2:
        got = f"{len(spelt)} in {len(column)} rows, {brief(strange or words[0])} for one"
        raise ValueError(f"train: expected a target {name!r} of few classes, got {got}; is it an identifier, or "
                         "numbers with a stray text?")  # fmt: skip
    return Target(name, CLASSIFICATION, tuple(spelt[key] for key in sorted(spelt))), why


def _told(words: list[str], strange: str | None, values: NDArray[np.float64], rows: int) -> tuple[str, str]:
    """The task, told from the target's values, and why."""
    if strange is not None:
        return CLASSIFICATION, f"the target is text, such as {brief(strange)}"
    if np.all(values == np.floor(values)) and len(values) <= _FEW and len(values) * _ROWS_EACH <= rows:
        return CLASSIFICATION, f"the target has {len(values)} whole numbers; --task regression if they measure"
    return REGRESSION, f"the target has {len(values)} different numbers"


def _shown(words: list[str]) -> str:
    return brief(words[0]) if words else "nothing"


def _finite(word: str) -> bool:
    """Whether a word is a number a network can hold; yes and no are none here."""
    try:
        return "_" not in word and abs(float(word)) < HUGE
    except ValueError:
        return False


def _key(word: str, numeric: bool) -> Any:
    """What tells a class from others."""
    return float(word) if numeric else word
