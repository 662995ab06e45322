"""Train, dev and test: how much for each, and from which distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.data import train_dev_test_split
from fastmlp.lectures import show

SPLITS = [
    (10_000, (0.7, 0.3)),
    (10_000, (0.6, 0.2, 0.2)),
    (1_000_000, (0.98, 0.01, 0.01)),
    (1_000_000, (0.995, 0.0025, 0.0025)),
    (1_000_000, (0.995, 0.004, 0.001)),
]
PARTS = ("train", "dev", "test")


def lecture() -> Any:
    """The more data, the smaller the share that is needed to tell models apart."""
    for rows, shares in SPLITS:
        counts = [len(part) for part in train_dev_test_split(np.arange(rows), sizes=shares, seed=0)]
        percent = "/".join(f"{100 * share:g}" for share in shares)
        print(f"{rows:9,} rows, {percent:13} → " + ", ".join(f"{count:,}" for count in counts))

    # 100,000 pictures from the web, 8,000 from phones. The application is for phones.
    mobile = np.arange(108_000) >= 100_000
    sizes = (104_000, 2_000, 2_000)
    print(f"\nall shuffled: in a test set of 2,000 expect 2,000·8/108 = {2000 * 8 / 108:.1f} pictures from phones")
    shuffled = train_dev_test_split(mobile, sizes=sizes, seed=0)
    better = train_dev_test_split(mobile, sizes=sizes, target_mask=mobile, seed=0)
    found = {"shuffled": shuffled, "dev and test from phones": better}
    for name, parts in found.items():
        told = [f"{part} {len(rows):,} ({int(rows.sum()):,} from phones)" for part, rows in zip(PARTS, parts)]
        print(f"{name}: " + ", ".join(told))
    return found


def picture(found: Any) -> Any:
    """Which share of each part comes from the target distribution."""
    from fastmlp.visual.figures import panels, style

    figure, (ax,) = panels("splits", None)
    for i, (name, parts) in enumerate(found.items()):
        shares = [100 * rows.mean() for rows in parts]
        bars = ax.bar(np.arange(3) + 0.4 * i - 0.2, shares, 0.36, color=style(i)["color"], label=name)
        ax.bar_label(bars, [f"{share:.1f} %" for share in shares])
    ax.set_xticks(range(3), PARTS)
    ax.set(ylabel="% from phones", ylim=(0, 118), title="100,000 pictures from the web, 8,000 from phones")
    ax.legend(loc="upper left")
    return figure


if __name__ == "__main__":
    show(lecture, picture)
