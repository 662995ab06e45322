"""``keras.losses``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.losses import BinaryCrossentropy as BinaryCrossentropy
from fastmlp.losses import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from fastmlp.losses import CategoricalCrossentropy as CategoricalCrossentropy
from fastmlp.losses import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
from fastmlp.losses import CategoricalHinge as CategoricalHinge
from fastmlp.losses import CosineSimilarity as CosineSimilarity
from fastmlp.losses import Hinge as Hinge
from fastmlp.losses import Huber as Huber
from fastmlp.losses import KLDivergence as KLDivergence
from fastmlp.losses import LogCosh as LogCosh
from fastmlp.losses import Loss as Loss
from fastmlp.losses import MeanAbsoluteError as MeanAbsoluteError
from fastmlp.losses import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from fastmlp.losses import MeanSquaredError as MeanSquaredError
from fastmlp.losses import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from fastmlp.losses import Poisson as Poisson
from fastmlp.losses import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from fastmlp.losses import SquaredHinge as SquaredHinge
from fastmlp.losses import binary_crossentropy as binary_crossentropy
from fastmlp.losses import binary_focal_crossentropy as binary_focal_crossentropy
from fastmlp.losses import categorical_crossentropy as categorical_crossentropy
from fastmlp.losses import categorical_focal_crossentropy as categorical_focal_crossentropy
from fastmlp.losses import categorical_hinge as categorical_hinge
from fastmlp.losses import cosine_similarity as cosine_similarity
from fastmlp.losses import deserialize as deserialize
from fastmlp.losses import get as get
from fastmlp.losses import hinge as hinge
from fastmlp.losses import huber as huber
from fastmlp.losses import kl_divergence as kl_divergence
from fastmlp.losses import log_cosh as log_cosh
from fastmlp.losses import mean_absolute_error as mean_absolute_error
from fastmlp.losses import mean_absolute_percentage_error as mean_absolute_percentage_error
from fastmlp.losses import mean_squared_error as mean_squared_error
from fastmlp.losses import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from fastmlp.losses import poisson as poisson
from fastmlp.losses import serialize as serialize
from fastmlp.losses import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from fastmlp.losses import squared_hinge as squared_hinge

__getattr__ = rest(
    __name__,
    {
        short: f"losses.{name}"
        for name, shorts in {
            "binary_crossentropy": "BCE bce",
            "kl_divergence": "KLD kld kullback_leibler_divergence",
            "log_cosh": "logcosh",
            "mean_absolute_error": "MAE mae",
            "mean_absolute_percentage_error": "MAPE mape",
            "mean_squared_error": "MSE mse",
            "mean_squared_logarithmic_error": "MSLE msle",
        }.items()
        for short in shorts.split()
    },
)


class Reduction:
    """Names of reductions, as older scripts take them from here."""

    AUTO = "sum_over_batch_size"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
