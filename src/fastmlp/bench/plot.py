"""A picture of the measurements of peers."""

from __future__ import annotations

import importlib.util
from typing import Any

from fastmlp.bench.contestants import CONTESTANTS


def need_matplotlib() -> None:
    """End with a word before anything is measured for a picture that cannot be drawn."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError("--plot: expected matplotlib, which is not installed; pip install 'fastmlp[peers]', "
                          "or leave it out")  # fmt: skip


def draw(tables: list[dict[str, Any]], file: str) -> None:
    """Bars of the times that count, on a logarithmic scale; a panel for each number of threads."""
    need_matplotlib()
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
