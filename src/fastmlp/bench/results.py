"""What is made of the measurements of peers: which times count, tables in Markdown, a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastmlp.bench import limits, machine
from fastmlp.bench.contestants import CONTESTANTS, OURS
from fastmlp.bench.workloads import WORKLOADS, Workload

Row = dict[str, Any]


def bound(workload: Workload, contestant: str) -> float:
    """By what share of it a contestant's loss may differ from the reference's: some peers have ε elsewhere."""
    return workload.bound if contestant == OURS else max(workload.bound, 2e-3)


def judge(rows: list[Row], reference: float | None) -> None:
    """Say which times of a workload count, and how they compare with the best peer's."""
    for row in rows:
        row["reference"] = reference
        row["agrees"] = reference is not None and "loss" in row and (
            abs(row["loss"] - reference) <= bound(WORKLOADS[row["workload"]], row["contestant"]) * abs(reference)
        )  # fmt: skip
        row["counts"] = row["agrees"] and "seconds" in row and not row["differs"]
    peer = best_peer(rows)
    for row in rows:
        if peer and row.get("seconds"):
            row["ratio"] = row["seconds"] / peer["seconds"]


def best_peer(rows: list[Row]) -> Row | None:
    """The quickest whose time counts."""
    peers = [row for row in rows if row["counts"] and row["contestant"] != OURS]
    return min(peers, key=lambda row: float(row["seconds"]), default=None)


def milliseconds(seconds: float) -> str:
    """Three digits of them, or all before the point.

    >>> milliseconds(0.0001234), milliseconds(12.34)
    ('0.123', '12,340')
    """
    return f"{1e3 * seconds:,.0f}" if seconds >= 0.1 else f"{1e3 * seconds:.3g}"


def cells(row: Row) -> list[str]:
    """A row of the table."""
    if "skipped" in row:
        return [f"skipped: {row['skipped']}", "", "", ""]
    if row["reference"] is None:
        return ["no loss to compare with", "", "", f"{row['loss']:.6g}"]
    loss = f"{row['loss']:.6g} ({row['loss'] / row['reference'] - 1:+.0e})"
    if not row["agrees"] and not row["differs"]:
        return ["other loss", "", "", loss]
    if "seconds" not in row:
        return ["not timed", "", "", loss]
    time = milliseconds(row["seconds"])
    if row["differs"]:
        return [f"{time} ({row['differs']})", "", "", loss]
    ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
    return [time, ratio, f"{row['limit'] / row['seconds']:.0%}", loss]


def show_head(table: Row, about: Row) -> None:
    """What was measured where, what the machine allows, and the names of the columns."""
    print(*machine.text(about), "", f"{table['threads']} thread(s)", *limits.text(table["limits"]), "", sep="\n")
    print("| workload | contestant | ms an epoch | of the best peer's | of the limit | loss (off by) |")
    print("|---|---|---:|---:|---:|---:|", flush=True)


def show(rows: list[Row]) -> None:
    """A workload's part of the table, the quickest first."""
    for row in sorted(rows, key=lambda row: row.get("seconds", float("inf"))):
        print(f"| {row['workload']} | {row['contestant']} | {' | '.join(cells(row))} |", flush=True)


class Record:
    """All that was found, kept in a file from the first workload on, if one is named."""

    def __init__(self, names: Sequence[str], file: str | None = None) -> None:
        self.found: Row = {"machine": machine.description(list(names)), "tables": []}
        self.file = Path(file) if file else None
        self.write()

    def add(self, table: Row, rows: list[Row]) -> None:
        """Print what is new, and keep it."""
        if table not in self.found["tables"]:
            self.found["tables"].append(table)
            show_head(table, self.found["machine"])
        show(rows)
        self.write()

    def write(self) -> None:
        """The file as it is to be now, never half of it."""
        if self.file:
            aside = self.file.with_name(self.file.name + ".part")
            aside.write_text(json.dumps(self.found, indent=1))
            aside.replace(self.file)


def read(file: str) -> Row:
    """What a `Record` has written."""
    found = json.loads(Path(file).read_text())
    if not isinstance(found, dict) or not {"machine", "tables"} <= found.keys():
        raise ValueError(f"{file}: expected results of bench_peers.py, got another JSON file; make one with --json")
    return found


def summary(found: Row) -> str:
    """One row a workload, in a cell the milliseconds at every number of threads; in parentheses what is no match."""
    tables = found["tables"]
    rows = [row for table in tables for row in table["rows"]]
    names = [name for name in CONTESTANTS if any(row["contestant"] == name and row.get("seconds") for row in rows)]
    peers = [name for name in names if name != OURS]
    threads = " / ".join(str(table["threads"]) for table in tables)
    lines = [
        f"| ms an epoch, {threads} thread(s) | fastmlp | of the best peer's | of the limit | {' | '.join(peers)} |",
        f"|---|---:|---:|---:|{'---:|' * len(peers)}",
    ]
    for workload in dict.fromkeys(row["workload"] for row in rows):
        each = [[row for row in table["rows"] if row["workload"] == workload] for table in tables]
        columns = [
            [_cell(rows, OURS) for rows in each],
            [_ratio(rows) for rows in each],
            [_share(rows) for rows in each],
        ]
        columns += [[_cell(rows, name) for rows in each] for name in peers]
        lines.append(f"| {workload} | {' | '.join(' / '.join(column) for column in columns)} |")
    return "\n".join(lines)


def _of(rows: list[Row], name: str) -> Row:
    return next((row for row in rows if row["contestant"] == name), {})


def _cell(rows: list[Row], name: str) -> str:
    row = _of(rows, name)
    if not row.get("seconds") or not (row["agrees"] or row["differs"]):
        return "–"
    time = milliseconds(row["seconds"])
    return time if row["counts"] else f"({time})"


def _ratio(rows: list[Row]) -> str:
    ours, peer = _of(rows, OURS), best_peer(rows)
    return f"{ours['ratio']:.2f} {peer['contestant']}" if peer and ours.get("counts") else "–"


def _share(rows: list[Row]) -> str:
    ours = _of(rows, OURS)
    return f"{ours['limit'] / ours['seconds']:.0%}" if ours.get("counts") else "–"
