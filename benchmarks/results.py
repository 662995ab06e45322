"""What is made of the measurements of `bench_peers.py`: which times count, a Markdown table, a picture."""

from __future__ import annotations

import importlib.util
from typing import Any

from contestants import CONTESTANTS, OURS
from workloads import WORKLOADS, Workload, mnist_file

Row = dict[str, Any]


def bound(workload: Workload, contestant: str) -> float:
    """By what share of it a contestant's loss may differ from the reference's: some peers have ε elsewhere."""
    return workload.bound if contestant == OURS else max(workload.bound, 1e-3)


def judge(rows: list[Row], reference: float | None) -> None:
    """Say which times of a workload count, and how they compare with the best peer's."""
    for row in rows:
        row["reference"] = reference
        row["agrees"] = reference is not None and "loss" in row and (
            abs(row["loss"] - reference) <= bound(WORKLOADS[row["workload"]], row["contestant"]) * abs(reference)
        )  # fmt: skip
        row["counts"] = row["agrees"] and "seconds" in row and not row["differs"]
    peers = [row["seconds"] for row in rows if row["counts"] and row["contestant"] != OURS]
    for row in rows:
        if peers and row.get("seconds"):
            row["ratio"] = row["seconds"] / min(peers)


def cells(row: Row, peak: dict[str, Any]) -> list[str]:
    """A row of the table."""
    if "skipped" in row:
        return [f"skipped: {row['skipped']}", "", "", "", ""]
    if row["reference"] is None:
        return ["no loss to compare with", "", "", "", f"{row['loss']:.6g}"]
    loss = f"{row['loss']:.6g} ({row['loss'] / row['reference'] - 1:+.0e})"
    if not row["agrees"] and not row["differs"]:
        return ["other loss", "", "", "", loss]
    share = f"{row['gflops'] / peak[dtype]:.0%}" if (dtype := WORKLOADS[row["workload"]].dtype) in peak else ""
    ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
    time = f"{1e3 * row['seconds']:.3g}"
    note = f" ({row['differs']})" if row["differs"] else ""
    return [time + note, "" if note else ratio, f"{row['gflops']:.3g}", share, loss]


def show(rows: list[Row], table: dict[str, Any], first: bool) -> None:
    """A workload's part of the table, the quickest first."""
    if first:
        data = "MNIST and random data" if mnist_file() else "random data"
        peak = ", ".join(f"{value:.0f} GFLOP/s in {key}" for key, value in table["peak"].items() if key != "skipped")
        print(f"\n{table['threads']} thread(s), {data}; peak of fused multiply-adds: {peak or 'unknown'}\n")
        print("| workload | contestant | ms an epoch | of the best peer's | GFLOP/s | of peak | loss (off by) |")
        print("|---|---|---:|---:|---:|---:|---:|")
    for row in sorted(rows, key=lambda row: row.get("seconds", float("inf"))):
        print(f"| {row['workload']} | {row['contestant']} | {' | '.join(cells(row, table['peak']))} |", flush=True)


def need_matplotlib() -> None:
    """End with a word before anything is measured for a picture that cannot be drawn."""
    if importlib.util.find_spec("matplotlib") is None:
        raise SystemExit("--plot: expected matplotlib, which is not installed; pip install matplotlib, or leave it out")


def draw(tables: list[dict[str, Any]], file: str) -> None:
    """Bars of the times that count, on a logarithmic scale; a panel for each number of threads."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    colors = {name: f"C{i}" for i, name in enumerate(CONTESTANTS)}
    figure, panels = pyplot.subplots(len(tables), squeeze=False, figsize=(12, 4 * len(tables)), layout="constrained")
    for panel, table in zip(panels[:, 0], tables):
        counted = [row for row in table["rows"] if row["counts"]]
        workloads = list(dict.fromkeys(row["workload"] for row in counted))
        names = list(dict.fromkeys(row["contestant"] for row in counted))
        for i, name in enumerate(names):
            mine = {row["workload"]: 1e3 * row["seconds"] for row in counted if row["contestant"] == name}
            places = [workloads.index(workload) + 0.8 * (i / len(names) - 0.5) for workload in mine]
            panel.bar(places, list(mine.values()), 0.8 / len(names), align="edge", label=name, color=colors[name])
        panel.set(yscale="log", ylabel="ms an epoch", title=f"{table['threads']} thread(s)")
        panel.set_xticks(range(len(workloads)), workloads)
        panel.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(file)
