"""The cost landscape: choose one, drag the red dot, and watch the optimizers descend."""

from __future__ import annotations

from typing import Any

from fastmlp.lectures import show
from fastmlp.visual.landscapes import LANDSCAPES, descend

OPTIMIZERS = ("gd", "momentum", "rmsprop", "adam")


def lecture() -> Any:
    """All optimizers on all landscapes; the page shows the same paths, moving."""
    print("learning rate 0.001, decay 0, 3000 steps from where the red dot is at first\n")
    print(f"{'landscape':12}{'J at first':>12}" + "".join(f"{name:>12}" for name in OPTIMIZERS))
    paths = {}
    for name, place in LANDSCAPES.items():
        paths[name] = {optimizer: descend(place, optimizer=optimizer) for optimizer in OPTIMIZERS}
        costs = [float(place.cost(path[-1])) for path in paths[name].values()]
        first = float(place.cost(paths[name]["gd"][0]))
        print(f"{name:12}{first:12.4f}" + "".join(f"{cost:12.4f}" for cost in costs))
    print("\npython -m fastmlp landscape --open writes the page and opens it.")
    return paths


def picture(paths: Any) -> Any:
    """Contours and paths."""
    from fastmlp.visual import plot_landscape
    from fastmlp.visual.figures import panels

    shown = ("stretched", "saddle", "rosenbrock", "two-minima")
    figure, axes = panels("landscape", None, len(shown), columns=2, size=(5.4, 4.6))
    for name, ax in zip(shown, axes):
        plot_landscape(name, paths[name], ax=ax)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
