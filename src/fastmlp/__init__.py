"""fastmlp: trains multi-layer perceptrons on a CPU, whole epochs in C."""

from fastmlp.runtime import get_num_threads, set_num_threads, threads

__version__ = "0.1.0"

__all__ = ["__version__", "get_num_threads", "set_num_threads", "threads"]
