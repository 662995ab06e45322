"""Models: layers put together, and trained."""

from fastmlp.models.model import Model
from fastmlp.models.sequential import Sequential
from fastmlp.saving import clone_model, load_model, model_from_json, save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
