"""PyTorch: an ``nn.Sequential`` made a model, and a model made one."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fastmlp._objects import NotLowered
from fastmlp._validate import brief, need_package, whole
from fastmlp.layers.core import Input
from fastmlp.neighbours.torch_reading import READERS, Part, first_width
from fastmlp.saving.weights import need_built

Step = tuple[str, str, Any]  # where a module stands, which class of torch.nn it is, the module


def _torch(where: str) -> Any:
    return need_package(where, "torch", "PyTorch", "pip install 'fastmlp[torch]'")


# ---- from PyTorch


def from_torch(module: Any, input_shape: int | Sequence[int] | None = None) -> Any:
    """A Sequential that predicts what a module of PyTorch predicts in eval mode; the module stays as it is.

    Weights are copied, in the type they have there, float32 or float64. Layers whose parameters have
    ``requires_grad=False`` are not trainable; for `BatchNormalization` that means, as in Keras, that its averages stay
    too. Modules with names (of an OrderedDict) give them to their layers: ``"features.fc1"``.

    Parameters
    ----------
    module
        An ``nn.Sequential`` of modules that fastmlp has too, or of more of them; or one such module.
    input_shape
        The shape of one row, ``(28, 28)`` or ``784``. Needed where the first modules, such as ``nn.Flatten``, take any.
    """
    torch = _torch("from_torch")
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"from_torch: expected a module of PyTorch, got {brief(module)}; give an nn.Sequential")
    dtype = _common_type(torch, module)
    steps = list(_steps(torch.nn, "", module))
    _need_one_place(steps)
    whole_numbers = bool(steps) and steps[0][1] == "Embedding"
    sequential = importlib.import_module("fastmlp.models").Sequential  # of the storey above
    model = sequential([Input(_first_shape(steps, input_shape), dtype="int32" if whole_numbers else dtype)])
    for path, kind, one in steps:
        with _at(path, one):
            name = path if path.replace(".", "").strip("0123456789") else None
            part = READERS[kind](one, model.output_shape, {"dtype": dtype, "name": name})
            _append(model, part, one)
    return model


def _append(model: Any, part: Part, module: Any) -> None:
    """Put the layers of a module at the end of the model, with its weights."""
    for layer in part.layers:
        model.add(layer)
    for name, value in part.weights.items():
        getattr(part.layers[0], name).assign(value)
    learns = {parameter.requires_grad for parameter in module.parameters()}
    if len(learns) > 1:
        raise ValueError("expected parameters that are all trainable or all frozen, got some of each; fastmlp freezes "
                         "whole layers: set requires_grad alike")  # fmt: skip
    if learns == {False}:
        part.layers[0].trainable = False


def _steps(nn: Any, path: str, module: Any) -> Iterator[Step]:
    """The modules that compute, in their order, those of containers in containers included."""
    plain = type(module).__call__ is nn.Module.__call__
    with _at(path, module):
        if module._forward_hooks or module._forward_pre_hooks:
            raise ValueError("expected no hooks, got some, which fastmlp cannot know; remove them (torch.nn.utils "
                             "does, those of weight_norm and of pruning)")  # fmt: skip
        if "parametrizations" in module._modules:
            raise ValueError("expected plain weights, got parametrized ones; call torch.nn.utils.parametrize."
                             "remove_parametrizations on a copy")  # fmt: skip
    if plain and isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        for name, one in module._modules.items():
            yield from _steps(nn, f"{path}.{name}" if path else name, one)
        return
    from fastmlp.neighbours.torch_modules import Affine

    rooms = {**vars(nn), "Affine": Affine}
    kind = next(cls.__name__ for cls in type(module).__mro__ if rooms.get(cls.__name__) is cls)
    if not plain or kind not in READERS or type(module).forward is not rooms[kind].forward:
        with _at(path, module):
            raise ValueError(f"expected one of Sequential, {', '.join(sorted(READERS))}, got {type(module).__name__}; "
                             "make the model of fastmlp.layers and copy weights by load_weights(map=…)")  # fmt: skip
    yield path, kind, module


@contextmanager
def _at(path: str, module: Any) -> Iterator[None]:
    """What goes wrong within is said to be this module's."""
    try:
        yield
    except (ValueError, TypeError) as error:
        place = f"{path}: {type(module).__name__}" if path else type(module).__name__
        raise type(error)(f"from_torch: {place}: {error}") from error


def _common_type(torch: Any, module: Any) -> str | None:
    """The type of its numbers, None if it has none."""
    held = [*module.named_parameters(), *module.named_buffers()]
    for name, tensor in held:
        if torch.nn.parameter.is_lazy(tensor):
            raise ValueError(f"from_torch: {name}: expected weights, got a lazy module before its first call; call it "
                             "on a batch")  # fmt: skip
        if tensor.is_meta:
            raise ValueError(f"from_torch: {name}: expected numbers, got a tensor on the device 'meta', which has "
                             "none; load the module's weights first")  # fmt: skip
    kinds = {tensor.dtype for _, tensor in held} - {torch.int64}  # the count of batches
    names = {torch.float32: "float32", torch.float64: "float64"}
    if len(kinds) > 1 or not kinds <= set(names):
        raise ValueError(f"from_torch: expected parameters all of float32 or all of float64, got "
                         f"{sorted(map(str, kinds))}; give copy.deepcopy(module).float()")  # fmt: skip
    return names[kinds.pop()] if kinds else None


def _need_one_place(steps: Sequence[Step]) -> None:
    """Refuse weights that two places share: a Sequential has each layer once."""
    places: dict[int, str] = {}
    for path, _, module in steps:
        for parameter in module.parameters():
            first = places.setdefault(id(parameter), path)
            if first != path:
                raise ValueError(f"from_torch: {path}: {type(module).__name__}: expected weights of its own, got those "
                                 f"of {first}; a Sequential has each layer once: use a Model for shared "
                                 "layers")  # fmt: skip


def _first_shape(steps: Sequence[Step], input_shape: int | Sequence[int] | None) -> tuple[int, ...]:
    """The shape of a row that goes in."""
    if input_shape is not None:
        axes = input_shape if isinstance(input_shape, Sequence) else (input_shape,)
        return tuple(whole("from_torch: input_shape", n) for n in axes)
    if not steps:
        raise ValueError("from_torch: expected modules, got an empty Sequential; add some")
    with _at(steps[0][0], steps[0][2]):
        width = first_width([(kind, module) for _, kind, module in steps])
    if width is None:
        raise ValueError(f"from_torch: expected input_shape, for {type(steps[0][2]).__name__}, with which the module "
                         "begins, takes rows of any shape; input_shape=(28, 28), for one")  # fmt: skip
    return (width,)


# ---- to PyTorch


def to_torch(model: Any) -> Any:
    """An ``nn.Sequential`` in eval mode that predicts what the model predicts, with copies of its weights.

    Its modules are numbered, an activation of a layer being one by itself, so that its ``state_dict`` fits into an
    ``nn.Sequential`` written out likewise; `Rescaling` and `Normalization`, which ``torch.nn`` has not, are modules of
    `fastmlp.neighbours.torch_modules`. Weights that are not trainable have ``requires_grad=False``; the averages of a
    ``BatchNorm1d`` move there all the same in training. Loss, optimizer, penalties and constraints stay behind: PyTorch
    has them outside its modules. Call ``.train()`` to go on.

    Parameters
    ----------
    model
        A built model whose layers are a chain.
    """
    torch = _torch("to_torch")
    need_built("to_torch", model)
    from fastmlp.neighbours.torch_writing import modules_of

    try:
        line = model.in_line()
    except NotLowered as why:
        raise ValueError(f"to_torch: expected layers one after the other, got a model that is no chain: {why}; write "
                         "an nn.Module and copy the weights") from None  # fmt: skip
    kinds = {layer.variable_dtype for layer in line if layer.weights}
    if len(kinds) > 1:
        raise ValueError(f"to_torch: expected layers of one type, got {sorted(kinds)}; PyTorch mixes none")
    dtype = getattr(torch, kinds.pop() if kinds else "float32")
    made = model._turn.take("to_torch", lambda: [one for layer in line for one in modules_of(model, layer, dtype)])
    return torch.nn.Sequential(*made).eval()
