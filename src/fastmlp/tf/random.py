"""tf.random: TensorFlow's names and arguments for random tensors. The numbers are fastmlp's own, not TensorFlow's."""

from fastmlp import random as _random
from fastmlp.autodiff import drawing as _drawing
from fastmlp.autodiff.drawing import Generator as Generator
from fastmlp.tf._spelling import missing as _missing
from fastmlp.tf._spelling import spelled as _spelled

set_seed = _spelled(_random.set_random_seed, "seed")
normal = _spelled(_drawing.normal, "shape=(), mean=0.0, stddev=1.0, dtype='float32', seed=None")
truncated_normal = _spelled(_drawing.truncated_normal, "shape, mean=0.0, stddev=1.0, dtype='float32', seed=None")
uniform = _spelled(_drawing.uniform, "shape=(), minval=0, maxval=None, dtype='float32', seed=None")
shuffle = _spelled(_drawing.shuffle, "value, seed=None")
categorical = _spelled(_drawing.categorical, "logits, num_samples, dtype=None, seed=None")
stateless_normal = _spelled(_drawing.stateless_normal, "shape, seed, mean=0.0, stddev=1.0, dtype='float32'")
stateless_uniform = _spelled(_drawing.stateless_uniform, "shape, seed, minval=0, maxval=None, dtype='float32'")
get_global_generator = Generator

__getattr__ = _missing("tf.random")
