"""The lectures: every topic of an introductory course as a short example, to run and to read.

``python -m fastmlp.lectures`` lists them, ``python -m fastmlp.lectures NAME --plot FILE`` runs one and draws its
picture. Each module has a function `lecture`, which prints and returns what it found, and a function `picture`, which
draws that.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

COURSE = {
    "One neuron": "perceptron firing_rate activations bias_term output_layers trainable_activations",
    "Networks": "dense_from_scratch linear_vs_nonlinear xor mnist cat_or_not pass_the_class",
    "Training": "losses gradient_descent backprop convexity learning_rates mini_batches",
    "Optimizers": "optimizers decay landscape",
    "In practice": "splits bias_variance early_stopping l2 dropout augmentation normalization vanishing_exploding "
    "initialization",
}


def names() -> list[str]:
    """All lectures, in the order of the course."""
    return [name for part in COURSE.values() for name in part.split()]


def load(name: str) -> ModuleType:
    """The module of a lecture."""
    return importlib.import_module(f"fastmlp.lectures.{name}")


def show(
    lecture: Callable[[], Any], picture: Callable[[Any], Any], arguments: Sequence[str] | None = None, name: str = ""
) -> None:
    """Run a lecture as the command line asks: what it prints, and its picture if there is a --plot."""
    parser = argparse.ArgumentParser(prog=name or None, description=(lecture.__doc__ or "").split("\n")[0])
    parser.add_argument("--plot", metavar="FILE", help="where to save its picture, as .png, .svg or .pdf")
    file = parser.parse_args(arguments).plot
    if file is not None:
        from fastmlp.visual.figures import need_matplotlib

        try:  # before the lecture is run in vain
            need_matplotlib("--plot")
        except ImportError as error:
            parser.error(str(error))
    found = lecture()
    if file is not None:
        try:
            picture(found).savefig(file, dpi=120)
        except (OSError, ValueError) as error:  # no such folder, no such kind of file
            parser.error(f"--plot: expected a file to draw into, got {file}: {error}; choose another")
        print(f"\n{file}: drawn")
