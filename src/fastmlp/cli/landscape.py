"""``landscape``: write the page on which optimizers descend a cost landscape."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from fastmlp.visual.page import save_landscape

HELP = "write a page to watch gradient descent, momentum, RMSprop and Adam on a cost landscape"


def options(parser: argparse.ArgumentParser) -> None:
    """Where to, and whether to look at it."""
    parser.add_argument("--output", default="landscape.html", metavar="FILE", help="default: landscape.html")
    parser.add_argument("--open", action="store_true", help="open it in a browser")


def run(arguments: argparse.Namespace) -> None:
    """Write the page and say how to see it."""
    place = Path(save_landscape(arguments.output))
    opened = arguments.open and webbrowser.open(place.as_uri())
    todo = (
        "opened in a browser"
        if opened
        else "open it in a browser"
        if not arguments.open
        else ("no browser was found; open it in one")
    )
    print(f"{place}: {todo}; it needs no network")
