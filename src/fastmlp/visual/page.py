"""The page on which optimizers descend a landscape: one file that needs neither a server nor a network."""

from __future__ import annotations

import importlib.resources
import os

from fastmlp._validate import flag
from fastmlp.saving import atomic


def landscape_html() -> str:
    """The text of the page."""
    return (importlib.resources.files("fastmlp.visual") / "landscape.html").read_text(encoding="utf-8")


def save_landscape(path: str | os.PathLike[str] = "landscape.html", overwrite: bool = True) -> str:
    """Write the page into a file, for a browser to open; returns where it is."""
    place = atomic.target("save_landscape", path, flag("save_landscape: overwrite", overwrite))
    atomic.write(place, [landscape_html().encode()])
    return place
