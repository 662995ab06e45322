"""tf.errors: what fastmlp raises in their place, so that `except` still catches."""

from fastmlp.tf._spelling import missing as _missing

OpError = Exception
InvalidArgumentError = ValueError
FailedPreconditionError = RuntimeError
NotFoundError = FileNotFoundError
OutOfRangeError = StopIteration
ResourceExhaustedError = MemoryError
UnimplementedError = NotImplementedError

__getattr__ = _missing("tf.errors")
