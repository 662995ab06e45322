"""What training, evaluation and prediction take in memory beside the data, which are read where they lie.

    python benchmarks/bench_memory.py [--megabytes 300] [--kinds float32 memmap …] [--json]

Each kind of array is a process of its own. A figure is by how much the resident memory peaks above what it was before
the call, pages of files (a memory map's) left out; predict's has the output in it. The last column, a copy of x,
shows that a copy would be seen. It is Linux that counts the peak.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

KINDS = ("float32", "float64", "uint8", "images", "strided", "columns", "memmap")
COLUMNS = 784
MEGABYTE = 1 << 20


def resident() -> dict[str, int]:
    """Bytes of this process: now (VmRSS), of files (RssFile), at most so far (VmHWM)."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {words[0][:-1]: int(words[1]) * 1024 for words in lines if words[0] in ("VmRSS:", "RssFile:", "VmHWM:")}


def extra(run: Callable[[], Any]) -> int:
    """Bytes that the process took more while this ran, at most."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = resident()
    run()
    after = resident()
    return after["VmHWM"] - before["VmRSS"] - (after["RssFile"] - before["RssFile"])


def features(kind: str, size: int, folder: str) -> Any:
    """So many bytes of features, made without anything larger on the way."""
    import numpy as np

    rng = np.random.default_rng(0)
    if kind == "memmap":  # a file full of holes: it takes no place on the disk
        return np.memmap(Path(folder) / "x", np.uint8, "w+", shape=(size // COLUMNS, COLUMNS))
    if kind in ("uint8", "images"):
        x = rng.integers(0, 256, (size // COLUMNS, COLUMNS), np.uint8)
        return x if kind == "uint8" else x.reshape(-1, 28, 28)
    if kind == "float64":
        return rng.random((size // COLUMNS // 8, COLUMNS))
    rows = size // COLUMNS // 4
    if kind == "columns":
        return rng.random((COLUMNS, rows), np.float32).T
    if kind == "strided":
        return rng.random((rows, 2 * COLUMNS), np.float32)[:, ::2]
    return rng.random((rows, COLUMNS), np.float32)


def measured(kind: str, size: int) -> dict[str, int]:
    """The figures of one kind, in bytes."""
    import numpy as np
    from fastmlp import Sequential, layers

    with tempfile.TemporaryDirectory() as folder:
        x = features(kind, size, folder)
        y = np.random.default_rng(1).integers(0, 10, len(x), np.uint8)
        first = [layers.Input(shape=x.shape[1:]), layers.Flatten(), layers.Rescaling(1 / 255)]
        model = Sequential([*first, layers.Dense(16, "relu"), layers.Dense(10, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        uses = {
            "fit": lambda n: model.fit(x[:n], y[:n], batch_size=128, verbose=0),
            "evaluate": lambda n: model.evaluate(x[:n], y[:n], verbose=0),
            "predict": lambda n: model.predict(x[:n], verbose=0),
        }
        for use in uses.values():
            use(512)  # what is allocated once
        found = {"x": x.nbytes, "rows": len(x)} | {name: extra(partial(use, len(x))) for name, use in uses.items()}
        return found | {"a copy": extra(lambda: np.array(x))}


def of_each(kinds: list[str], megabytes: int) -> dict[str, dict[str, int]]:
    """The figures of each kind, from a process of its own."""
    found = {}
    for kind in kinds:
        command = [sys.executable, __file__, "--one", kind, "--megabytes", str(megabytes)]
        found[kind] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one, options.megabytes * MEGABYTE)))
        return
    found = of_each(options.kinds, options.megabytes)
    if options.json:
        print(json.dumps(found))
        return
    print("| x | MB of x | fit | evaluate | predict | (a copy) |\n|---|---:|---:|---:|---:|---:|")
    for kind, row in found.items():
        cells = (f"{row[name] / MEGABYTE:.1f}" for name in ("x", "fit", "evaluate", "predict", "a copy"))
        print(f"| {kind} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
