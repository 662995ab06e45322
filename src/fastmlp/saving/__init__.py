"""Saving: models, weights and the state of training in files of one safetensors format, which hold no code."""

from fastmlp._objects import custom_object_scope, register_serializable
from fastmlp.saving.cloning import clone_model
from fastmlp.saving.models import load_model, model_from_json, model_to_json, save_model
from fastmlp.saving.objects import (
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    serialize_keras_object,
)
from fastmlp.saving.training import load_state, save_state
from fastmlp.saving.weights import load_weights, save_weights

__all__ = [
    "clone_model",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_state",
    "load_weights",
    "model_from_json",
    "model_to_json",
    "register_serializable",
    "save_model",
    "save_state",
    "save_weights",
    "serialize_keras_object",
]
