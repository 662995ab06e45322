"""Copies by pickle, deepcopy and their kin: of everything, at any stage; independent, and equal in all they do next."""

from __future__ import annotations

import copy
import gc
import pickle
import threading

import fastmlp
import numpy as np
import pytest
from fastmlp import callbacks, layers, losses, metrics, ops, optimizers, random, tf
from fastmlp.data import Dataset
from fastmlp.models import Model, Sequential
from resume_cases import CASES, Stop, broken_off, fit, made, state
from test_optimizers_api import OPTIMIZERS  # noqa: F401

WAYS = {"deepcopy": copy.deepcopy, "pickle": lambda thing: pickle.loads(pickle.dumps(thing))}
for _module, _dumps in (("cloudpickle", "dumps"),):
    try:
        _dumps = getattr(__import__(_module), _dumps)
    except ImportError:
        continue
    WAYS[_module] = lambda thing, dumps=_dumps: pickle.loads(dumps(thing))
