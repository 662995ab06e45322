"""Pictures: of training, data and weights (matplotlib), and of optimizers on their way down a cost landscape."""

from fastmlp.visual.images import plot_images, plot_weights
from fastmlp.visual.landscapes import LANDSCAPES, Landscape, descend
from fastmlp.visual.page import landscape_html, save_landscape
from fastmlp.visual.planes import plot_decision_boundary, plot_landscape, plot_line
from fastmlp.visual.plots import plot_curves, plot_function, plot_histograms, plot_history

__all__ = [
    "LANDSCAPES",
    "Landscape",
    "descend",
    "landscape_html",
    "plot_curves",
    "plot_decision_boundary",
    "plot_function",
    "plot_histograms",
    "plot_history",
    "plot_images",
    "plot_landscape",
    "plot_line",
    "plot_weights",
    "save_landscape",
]
