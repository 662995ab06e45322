"""Learning rates: too small crawls, too great overshoots, and adaptive ones find their way."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.lectures import show
from fastmlp.visual.landscapes import LANDSCAPES, descend

VALLEY = LANDSCAPES["stretched"]  # J = w₁² + 40 w₂²: forty times as steep in one direction
STEPS = 100


def lecture() -> Any:
    """Idea 1: try many rates. Idea 2: one that adapts to the landscape."""
    start = float(VALLEY.cost(np.array(VALLEY.start)))
    print(f"J = {VALLEY.formula}, from J = {start:.1f}, {STEPS} steps")
    paths = {}
    for rate in (0.001, 0.005, 0.02, 0.024, 0.1):
        path = descend(VALLEY, steps=STEPS, learning_rate=rate)
        cost = float(VALLEY.cost(path[-1]))
        verdict = "diverges" if cost > start else "crawls" if cost > 1 else "converges"
        print(f"  gradient descent, η = {rate:<5}: J = {cost:.3g}, {verdict}")
        paths[f"η = {rate}"] = path
    # η·80 is what a step makes of the steep direction: above 2 it comes back farther away than it was
    print("  the steepest second derivative is 80, so it diverges above η = 2/80 = 0.025")
    for name in ("rmsprop", "adam"):
        path = descend(VALLEY, optimizer=name, steps=STEPS, learning_rate=0.1)
        print(f"  {name}, η = 0.1: J = {float(VALLEY.cost(path[-1])):.3g}: the same rate, divided by the "
              "size of its gradients")  # fmt: skip
        paths[f"{name}, η = 0.1"] = path
    return paths


def picture(paths: Any) -> Any:
    """Three of the paths, and the costs along all of them."""
    from fastmlp.visual import plot_curves, plot_landscape
    from fastmlp.visual.figures import panels

    figure, (left, right) = panels("learning_rates", None, 2, columns=2, size=(5.6, 4.4))
    some = {name: path for name, path in paths.items() if name in ("η = 0.001", "η = 0.024", "adam, η = 0.1")}
    plot_landscape(VALLEY, some, ax=left)
    costs = {name: np.minimum(VALLEY.cost(path.T), 1e4) for name, path in paths.items()}
    plot_curves(costs, title="cost, cut at 10⁴", xlabel="step", ylabel="J", logy=True, ax=right)
    right.set_ylim(1e-3, 2e4)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
