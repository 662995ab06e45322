"""tf.keras: `fastmlp.keras`, which takes the place of this module when it is imported."""

import sys

from fastmlp import keras

sys.modules[__name__] = keras
