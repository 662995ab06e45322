"""``keras.config``."""

from __future__ import annotations

from fastmlp.config import backend as backend
from fastmlp.config import disable_traceback_filtering as disable_traceback_filtering
from fastmlp.config import dtype_policy as dtype_policy
from fastmlp.config import epsilon as epsilon
from fastmlp.config import floatx as floatx
from fastmlp.config import image_data_format as image_data_format
from fastmlp.config import is_traceback_filtering_enabled as is_traceback_filtering_enabled
from fastmlp.config import set_dtype_policy as set_dtype_policy
from fastmlp.config import set_epsilon as set_epsilon
from fastmlp.config import set_floatx as set_floatx
from fastmlp.config import set_image_data_format as set_image_data_format
from fastmlp.keras._rest import rest

__getattr__ = rest(__name__)
