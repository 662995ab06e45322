"""tf.bitwise: TensorFlow's names for the logic of bits."""

from fastmlp import ops as _ops
from fastmlp.tf._spelling import missing as _missing
from fastmlp.tf._spelling import spelled as _spelled

bitwise_and = _spelled(_ops.bitwise_and, "x, y")
bitwise_or = _spelled(_ops.bitwise_or, "x, y")
bitwise_xor = _spelled(_ops.bitwise_xor, "x, y")
invert = _spelled(_ops.bitwise_not, "x")

__getattr__ = _missing("tf.bitwise")
