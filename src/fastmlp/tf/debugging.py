"""tf.debugging: TensorFlow's names and arguments for checks."""

from fastmlp.autodiff import assertions as _assertions
from fastmlp.tf._spelling import missing as _missing
from fastmlp.tf._spelling import spelled as _spelled

_PAIR, _ONE = "x, y, message=None, summarize=None", "x, message=None, summarize=None"

assert_equal = _spelled(_assertions.assert_equal, _PAIR)
assert_none_equal = _spelled(_assertions.assert_none_equal, "x, y, summarize=None, message=None")
assert_less = _spelled(_assertions.assert_less, _PAIR)
assert_less_equal = _spelled(_assertions.assert_less_equal, _PAIR)
assert_greater = _spelled(_assertions.assert_greater, _PAIR)
assert_greater_equal = _spelled(_assertions.assert_greater_equal, _PAIR)
assert_near = _spelled(_assertions.assert_near, "x, y, rtol=None, atol=None, message=None, summarize=None")
assert_positive = _spelled(_assertions.assert_positive, _ONE)
assert_negative = _spelled(_assertions.assert_negative, _ONE)
assert_non_negative = _spelled(_assertions.assert_non_negative, _ONE)
assert_non_positive = _spelled(_assertions.assert_non_positive, _ONE)
assert_all_finite = _spelled(_assertions.assert_all_finite, "x, message=None")
check_numerics = _spelled(_assertions.assert_all_finite, "tensor, message=None")
assert_integer = _spelled(_assertions.assert_integer, "x, message=None")
assert_rank = _spelled(_assertions.assert_rank, "x, rank, message=None")
assert_shapes = _spelled(_assertions.assert_shapes, "shapes, data=None, summarize=None, message=None")
assert_type = _spelled(_assertions.assert_type, "tensor, tf_type, message=None")
Assert = _spelled(_assertions.assert_true, "condition, data=None, summarize=None")

__getattr__ = _missing("tf.debugging")
