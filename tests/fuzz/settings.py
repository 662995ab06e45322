"""Changes of settings, as JSON holds them, for others that make sense somewhere."""

from __future__ import annotations

import json
from copy import deepcopy

from fastmlp._objects import _registered, serialize

ODD = [None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, 1e400, float("nan"), "", "x", "é\0"]
ODD += [[], {}, [[]], [None], [2**40], [1, 1, 1], {"class_name": "Dense", "config": {}}, {"function": "relu"}]
NUMBERS = [0, 1, 2, 3, -1, 7, 100, 65536, 10**6, 10**9, 2**63, 10**30, 0.5, 1e-30, -2.5, 1e400]
NAMES = [*_registered, "softmax", "relu", "float64", "float16", "mixed_float16", "F64", "I64", "BOOL", "BF16"]


def objects(described=serialize):
    """Objects of every class, as files describe them; what arguments mean is of no account."""
    found = []
    for cls in list(_registered.values()):
        for arguments in ((), (2,), (0.5,), ([1],), ("relu",), (2, 2), (0.1, 2), (0.1, 2, 0.5), ([2], [0.1, 0.2])):
            try:
                found.append(json.loads(json.dumps(described(cls(*arguments)))))
                break
            except Exception:  # not these arguments
                continue
    return [value for value in found if isinstance(value, dict) and "class_name" in value]


def spots(value, found):
    """Every place in lists and dicts, as what it is in and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found.append((value, key))
        spots(inner, found)
    return found


def change(value, known, draw):
    """Change one thing somewhere in a dict or a list; `known` are the objects that may come in."""
    places = spots(value, [])
    inside, key = draw.choice(places)
    old, other = inside[key], draw.choice(places)
    way = draw.randrange(11)
    if way == 0 and isinstance(inside, dict):
        del inside[key]
    elif way == 1:
        inside[key] = draw.choice(ODD)
    elif way == 2:
        inside[key] = deepcopy(other[0][other[1]])
    elif way == 3 and isinstance(inside, list):
        inside.insert(key, deepcopy(old))
    elif way == 4 and isinstance(inside, dict) and isinstance(other[1], str):
        inside[other[1]] = inside.pop(key)
    elif way == 5 and isinstance(old, (list, dict)) and len(str(old)) < 2000:
        inside[key] = [deepcopy(old), deepcopy(old)]
    elif way > 7 and isinstance(old, (dict, type(None))):
        inside[key] = deepcopy(draw.choice(known))
    elif isinstance(old, (int, float)):
        inside[key] = draw.choice((*NUMBERS, old + 1, old * 2, -old))
    elif isinstance(old, str):
        inside[key] = draw.choice((*NAMES, old + "x", old[:-1]))
    else:
        inside[key] = draw.choice(ODD)
