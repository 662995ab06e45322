"""What the fuzzers share: seeds into a corpus, what a reader may do, counts of what it did.

They need atheris, which is no dependency of the tests: ``pip install atheris`` (and ``h5py``, which makes seeds), then
``python tests/fuzz/hdf5.py -runs=1000000``. Every other argument goes to libFuzzer, too; a file as the last one is run
alone, which repeats a find. A find is any exception but ValueError and OSError, a crash, a run of over ten seconds or
more than a gigabyte of memory.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import atheris

LONGEST = 32768
_ALLOWED = (ValueError, OSError)
_LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-len_control=0", "-print_final_stats=1"]


UNCHANGED = (ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError)  # of a file that is too odd


def place(name):
    """Where to write files to be read: in memory, if there is such a folder."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None)) / name


class Sound:
    """Files that could be read, to be changed: most of those that were new in some way were refused early."""

    MOST = 300

    def __init__(self, seeds):
        self.files = list(seeds)
        self.seeds = len(self.files)

    def __iter__(self):
        return iter(self.files)

    def add(self, data):
        if len(self.files) < self.MOST:
            self.files.append(data)
        else:
            self.files[random.randrange(self.seeds, self.MOST)] = data

    def or_this(self, data, draw):
        """Half the time one of them."""
        return draw.choice(self.files) if draw.random() < 0.5 else data


def run(read, seeds, mutator=None, longest=LONGEST):
    """Feed `read` with bytes, to begin with `seeds`, until libFuzzer has had enough; it has a mutator of its own."""
    counts = Counter()

    def target(data):
        try:
            read(data)
            counts["read"] += 1
        except _ALLOWED as error:
            counts[type(error).__name__] += 1
        if sum(counts.values()) % 50_000 == 0:
            print("so far", dict(counts), file=sys.stderr, flush=True)

    given = sys.argv[1:]
    if not any(Path(name).exists() for name in given):
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        for number, seed in enumerate(seeds):
            assert len(seed) <= longest, f"seed {number} has {len(seed)} bytes"
            (folder / f"seed-{number}").write_bytes(seed)
        given = [*given, f"-artifact_prefix={folder.parent}/", str(folder)]
    own = {"custom_mutator": mutator} if mutator else {}
    atheris.Setup([sys.argv[0], *_LIMITS, f"-max_len={longest}", *given], target, **own)
    atheris.Fuzz()
