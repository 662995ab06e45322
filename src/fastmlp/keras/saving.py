"""``keras.saving``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.saving import custom_object_scope as custom_object_scope
from fastmlp.saving import deserialize_keras_object as deserialize_keras_object
from fastmlp.saving import get_custom_objects as get_custom_objects
from fastmlp.saving import get_registered_name as get_registered_name
from fastmlp.saving import get_registered_object as get_registered_object
from fastmlp.saving import load_model as load_model
from fastmlp.saving import load_weights as load_weights
from fastmlp.saving import save_model as save_model
from fastmlp.saving import save_weights as save_weights
from fastmlp.saving import serialize_keras_object as serialize_keras_object
from fastmlp.utils import CustomObjectScope as CustomObjectScope
from fastmlp.utils import register_keras_serializable as register_keras_serializable

__getattr__ = rest(__name__)
