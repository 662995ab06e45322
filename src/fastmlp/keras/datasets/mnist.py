"""``keras.datasets.mnist``."""

from __future__ import annotations

import os

from fastmlp.data.loaders import Parts, load_mnist
from fastmlp.keras._rest import rest

__getattr__ = rest(__name__)


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> Parts:
    """``(x_train, y_train), (x_test, y_test)`` from a file on this machine: `fastmlp.data.load_mnist`.

    Without a path it is looked for in ``$FASTMLP_DATA``, in ``~/.keras/datasets``, where Keras keeps it, and in
    ``./data``. Nothing is downloaded.
    """
    return load_mnist(None if path == "mnist.npz" else path)
