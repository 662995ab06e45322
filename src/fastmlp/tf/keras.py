"""tf.keras: `fastmlp.keras`, which takes the place of this module when it is imported, and its modules likewise."""

import sys

from fastmlp import keras

_theirs = f"{keras.__name__}."
_below = {name: module for name, module in sys.modules.items() if name.startswith(_theirs)}
sys.modules.update({f"{__name__}.{name.removeprefix(_theirs)}": module for name, module in _below.items()})
sys.modules[__name__] = keras
