"""``keras.models``."""

from __future__ import annotations

from fastmlp.keras._rest import rest
from fastmlp.models import Model as Model
from fastmlp.models import Sequential as Sequential
from fastmlp.models import clone_model as clone_model
from fastmlp.models import load_model as load_model
from fastmlp.models import model_from_json as model_from_json
from fastmlp.models import save_model as save_model

__getattr__ = rest(__name__)
