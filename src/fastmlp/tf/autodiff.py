"""tf.autodiff: the tape."""

from fastmlp.autodiff import GradientTape as GradientTape
from fastmlp.tf._spelling import missing as _missing

__getattr__ = _missing("tf.autodiff")
