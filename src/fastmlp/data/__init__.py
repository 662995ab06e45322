"""Data: datasets as in ``tf.data``, splits, augmentation, and sets to learn from."""

from fastmlp.data._structure import TensorSpec
from fastmlp.data.augment import Augment, random_flip, random_rotate, random_shift, random_zoom
from fastmlp.data.dataset import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset
from fastmlp.data.loaders import load_cat_or_not, load_digits, load_mnist
from fastmlp.data.points import make_circles, make_moons
from fastmlp.data.split import Diagnosis, diagnose, train_dev_test_split

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Augment",
    "Dataset",
    "Diagnosis",
    "TensorSpec",
    "diagnose",
    "load_cat_or_not",
    "load_digits",
    "load_mnist",
    "make_circles",
    "make_moons",
    "random_flip",
    "random_rotate",
    "random_shift",
    "random_zoom",
    "train_dev_test_split",
]
