"""tf.nn: TensorFlow's names and arguments for what networks are made of."""

from fastmlp import activations as _activations
from fastmlp import ops as _ops
from fastmlp.autodiff import crossentropies as _crossentropies
from fastmlp.autodiff import normalising as _normalising
from fastmlp.autodiff import tensorflow as _meant
from fastmlp.tf._spelling import missing as _missing
from fastmlp.tf._spelling import spelled as _spelled
from fastmlp.tf.math import in_top_k as in_top_k
from fastmlp.tf.math import l2_normalize as l2_normalize
from fastmlp.tf.math import log_softmax as log_softmax
from fastmlp.tf.math import sigmoid as sigmoid
from fastmlp.tf.math import softmax as softmax
from fastmlp.tf.math import softplus as softplus
from fastmlp.tf.math import softsign as softsign
from fastmlp.tf.math import tanh as tanh
from fastmlp.tf.math import top_k as top_k
from fastmlp.tf.math import zero_fraction as zero_fraction

elu = _spelled(_ops.elu, "features")
gelu = _spelled(_ops.gelu, "features, approximate=False", _activations.gelu)
leaky_relu = _spelled(_ops.leaky_relu, "features, alpha=0.2")
relu = _spelled(_ops.relu, "features")
relu6 = _spelled(_ops.relu6, "features")
selu = _spelled(_ops.selu, "features")
silu = swish = _spelled(_meant.silu, "features, beta=1.0", _ops.silu)

batch_normalization = _spelled(_normalising.normalised, "x, mean, variance, offset, scale, variance_epsilon")
bias_add = _spelled(_meant.bias_add, "value, bias, data_format=None")
dropout = _spelled(_normalising.dropout, "x, rate, noise_shape=None, seed=None")
embedding_lookup = _spelled(_meant.embedding_lookup, "params, ids, max_norm=None")
l2_loss = _spelled(_normalising.l2_loss, "t")
moments = _spelled(_meant.moments, "x, axes, shift=None, keepdims=False")

sigmoid_cross_entropy_with_logits = _spelled(_crossentropies.sigmoid_cross_entropy, "labels=None, logits=None")
softmax_cross_entropy_with_logits = _spelled(_crossentropies.softmax_cross_entropy, "labels, logits, axis=-1")
sparse_softmax_cross_entropy_with_logits = _spelled(_crossentropies.sparse_softmax_cross_entropy, "labels, logits")
weighted_cross_entropy_with_logits = _spelled(_crossentropies.weighted_cross_entropy, "labels, logits, pos_weight")

__getattr__ = _missing("tf.nn")
