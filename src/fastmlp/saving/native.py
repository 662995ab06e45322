"""The file format: one safetensors file, its tensors named by path, everything else as JSON in its metadata.

Nothing in it is code. Whoever wrote a file, reading it ends in what it says or in a ValueError or OSError, and takes
at most 200 MB and 100 times its size of memory.

**The promise.** A file of format version 1 stays readable by every later fastmlp, and training goes on from it to the
same bits on every machine. What is added later is added beside what is there: older readers pass it over, and newer
ones do without it in older files. Only what an older reader would misread makes a new version, which older readers
refuse by name, and version 1 is read beside it. `tests/golden_files.py` holds files that are never written anew.

**Metadata**, each text or JSON:

* ``format`` "fastmlp", ``format_version`` "1", ``fastmlp_version`` of the writer, for people.
* ``class_name``, ``config``: of a whole model, from which its class makes it; registered classes alone are looked up.
  ``built_for``: the input shape, or shapes, of a model that its first call builds.
* ``compile_config``: what compile was given, if it was.
* ``training_state``: ``epoch`` (passes begun, which name the orders of rows), ``steps`` (of the tape, which name its
  noise), ``shuffle_seed``, ``program_seed``, ``optimizer`` (its registered name); since they are noted, ``generators``
  (start and count of each `SeedGenerator` of layers) and ``place``: the ``epoch`` of fit, its ``batches`` and ``rows``
  that are done, whether all are (``ended``), ``counted`` (passes when it began), ``feed`` (what the data were, and
  where in them the epoch began), and under ``model``, ``trackers``, ``metrics`` how many arrays each metric has.
* ``extra``: what `save_state` was given besides, null where it was an array; ``extra_arrays``: ``places``, of each
  array the keys and numbers that lead to it.

**Tensors**, little-endian:

* ``weights/dense_1/kernel``: by the classes of layers, counted, whatever the layers are called; ``weights/name`` for
  variables that a model has by itself.
* ``optimizer/0``, ``optimizer/1``, …: the count of batches, the learning rate unless it follows a schedule, and what is
  remembered of weights, in the order of ``optimizer.variables``.
* ``extra/0``, …: the arrays of ``extra``.
* ``epoch/loss``, ``epoch/logs/NAME``, ``epoch/metrics/0/1``: what an epoch that has begun has gathered.

A file of weights alone has the first kind only, one of a state no ``class_name`` and no ``config``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmlp._validate import brief
from fastmlp.saving import atomic
from fastmlp.saving.tensors import MOST_TEXT, Tensors, by_name, open_regular

FORMAT, VERSION = "fastmlp", "1"
DEEPEST = 64  # a model in a model takes 4 levels

_CODES = {f"{name}{bits}": f"{letter}{bits}" for name, letter, sizes in (
    ("float", "F", (16, 32, 64)), ("int", "I", (8, 16, 32, 64)), ("uint", "U", (8, 16, 32, 64))
) for bits in sizes} | {"bool": "BOOL", "bfloat16": "BF16"}  # fmt: skip


def code(dtype: Any) -> str:
    """What a type of numbers is called in files."""
    name = str(np.dtype(dtype).name)
    return _CODES.get(name, name)


@contextmanager
def blaming(where: str, path: str) -> Iterator[None]:
    """What a file makes go wrong within is a ValueError that names it; errors of the disk stay as they are."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"{where}: expected a whole file of a model or its weights, got {path!r}, which gives "
                         f"{type(error).__name__}: {error}; save it again, or get it anew") from error  # fmt: skip


def parse(text: str) -> Any:
    """The value of JSON text that is neither long nor deep beyond reason."""
    if len(text) > MOST_TEXT:
        raise ValueError(f"JSON: expected at most {MOST_TEXT} characters, got {len(text)}; it is no model's")
    try:
        value = json.loads(text, object_pairs_hook=by_name)
    except RecursionError:
        raise ValueError(f"JSON: expected at most {DEEPEST} levels, got far more; it is no model's") from None
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"JSON: expected at most {DEEPEST} levels, got more; it is no model's")
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
        level = [item for items in inner for item in items]
    return value


def as_dict(where: str, value: Any) -> dict[str, Any]:
    """The value, which must be a JSON object."""
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected a JSON object, got {brief(value)}; it is no model's")
    return value


def as_list(where: str, value: Any) -> list[Any]:
    """The value, which must be a JSON array."""
    if not isinstance(value, list):
        raise ValueError(f"{where}: expected a JSON array, got {brief(value)}; it is no model's")
    return value


# ---- writing


def write(path: str, tensors: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> None:
    """Make a file of these arrays and notes, which are strings or become JSON; equal ones make equal files."""
    from safetensors.numpy import save

    from fastmlp import __version__

    metadata = {"format": FORMAT, "format_version": VERSION, "fastmlp_version": __version__}
    metadata |= {name: note if isinstance(note, str) else json.dumps(note) for name, note in notes.items()}
    data = memoryview(save({name: np.array(array, order="C") for name, array in tensors.items()}, metadata))
    size = int.from_bytes(data[:8], "little")
    header = _in_order(json.loads(bytes(data[8 : 8 + size])))
    if len(header) > MOST_TEXT:
        raise ValueError(f"save: expected settings of at most {MOST_TEXT} bytes, got {len(header)}; keep large arrays "
                         "in weights, not in the settings of layers")  # fmt: skip
    atomic.write(path, (len(header).to_bytes(8, "little"), header, data[8 + size :]))


def _in_order(header: dict[str, Any]) -> bytes:
    """The header with its metadata sorted, where safetensors leaves the order to chance."""
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)  # tensors begin at a multiple of 8


# ---- reading


class File(Tensors):
    """An open safetensors file, whoever wrote it: its metadata, and the tensors by name, looked at before one is read.

    Numbers of 16 bits are given as float32, which has all of them.
    """

    @property
    def is_ours(self) -> bool:
        """Whether fastmlp wrote it."""
        return self.metadata.get("format") == FORMAT

    def need_ours(self) -> None:
        """Refuse files of other programs, and of a later fastmlp."""
        if not self.is_ours:
            raise ValueError("no word of fastmlp in its metadata: other programs' safetensors files are not models")
        if self.metadata.get("format_version") != VERSION:
            raise ValueError(f"format version {brief(self.metadata.get('format_version'))}, where this fastmlp reads "
                             f"{VERSION!r}: a newer one can read it")  # fmt: skip

    def under(self, folder: str) -> list[str]:
        """The paths of the tensors whose path begins so."""
        return sorted(name for name in self.shapes if name.startswith(f"{folder}/"))

    def count(self, names: Iterable[str]) -> int:
        """How many numbers these tensors hold."""
        return sum(math.prod(self.shapes[name]) for name in names)

    def json(self, key: str) -> dict[str, Any]:
        """A note that is JSON, {} if there is none."""
        return as_dict(key, parse(self.metadata.get(key, "{}")))


def start_of(where: str, path: str, count: int = -1) -> bytes:
    """The first bytes of a file; all of them unless it is said how many."""
    with open_regular(where, path) as raw:
        return raw.read(count)


@contextmanager
def opened(where: str, path: str, *, ours: bool = True) -> Iterator[File]:
    """The file at `path`, checked as far as it can be without reading a tensor; unless `ours`, anybody's."""
    with open_regular(where, path) as raw:
        start = raw.read(8)
        if len(start) < 8 or int.from_bytes(start, "little") > MOST_TEXT:  # the size of its header
            raise ValueError(f"{where}: expected a model file, written by save or by train in safetensors format, "
                             f"got {path!r}, a file of another kind; check the path")  # fmt: skip
        with blaming(where, path):
            file = File(raw)
            if ours:
                file.need_ours()
        yield file
