"""``keras.utils``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.utils import CustomObjectScope as CustomObjectScope
from fastmlp.utils import Progbar as Progbar
from fastmlp.utils import PyDataset as PyDataset
from fastmlp.utils import Sequence as Sequence
from fastmlp.utils import clear_session as clear_session
from fastmlp.utils import custom_object_scope as custom_object_scope
from fastmlp.utils import deserialize_keras_object as deserialize_keras_object
from fastmlp.utils import get_custom_objects as get_custom_objects
from fastmlp.utils import get_registered_name as get_registered_name
from fastmlp.utils import get_registered_object as get_registered_object
from fastmlp.utils import is_keras_tensor as is_keras_tensor
from fastmlp.utils import normalize as normalize
from fastmlp.utils import pack_x_y_sample_weight as pack_x_y_sample_weight
from fastmlp.utils import register_keras_serializable as register_keras_serializable
from fastmlp.utils import serialize_keras_object as serialize_keras_object
from fastmlp.utils import set_random_seed as set_random_seed
from fastmlp.utils import standardize_dtype as standardize_dtype
from fastmlp.utils import to_categorical as to_categorical
from fastmlp.utils import unpack_x_y_sample_weight as unpack_x_y_sample_weight

__getattr__ = rest(__name__)
