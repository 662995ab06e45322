"""Pictures: of training, data and weights (matplotlib), and of optimizers on their way down a cost landscape."""

from fastmlp.visual.landscapes import LANDSCAPES, Landscape, descend
from fastmlp.visual.page import landscape_html, save_landscape

__all__ = ["LANDSCAPES", "Landscape", "descend", "landscape_html", "save_landscape"]
