"""What predictions are held against: torch itself, facts of other implementations, one fill for all of them."""

import json
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph

# The networks are small; on a busy machine threads that wait for each other cost far more than they bring.
torch.set_num_threads(1)

ROOT = Path(__file__).parents[1]
FACTS = ROOT / "tests" / "facts"
TRESNETS = ("tresnet_m", "tresnet_l", "tresnet_xl", "tresnet_v2_l")

# timm's ResNets.
RELATIVES = ("resnet18", "resnet34", "resnet50", "resnet50d", "resnext50_32x4d")
# Every bundled spec with facts.
MODELS = sorted(path.stem for path in FACTS.glob("*.json"))


@cache
def facts(name: str) -> dict[str, Any]:
    """Return what is known about a model; facts/README.md says what and from where."""
    return json.loads((FACTS / f"{name}.json").read_text())


def state_facts(name: str) -> list[tuple[str, tuple[int, ...]]]:
    """Return name and shape of the state-dict entries of a model, in order."""
    rows = (line.split() for line in (FACTS / f"{name}.state.txt").read_text().splitlines())
    return [(entry, () if shape == "scalar" else tuple(map(int, shape.split("x")))) for entry, shape in rows]


@cache
def source_of(name: str) -> str:
    """Return the emitted file of a model with facts."""
    return emit(build_graph(load_spec(name)))


def module_of(source: str, name: str = "emitted") -> ModuleType:
    """Return an emitted file as an imported module."""
    module = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def build(source: str) -> nn.Module:
    """Return the network of an emitted file, made by its one public class with the default arguments."""
    module = module_of(source)
    (class_name,) = module.__all__
    network = getattr(module, class_name)()
    assert isinstance(network, nn.Module)
    return network


def build_graph_of(text: str) -> Graph:
    """Return the graph of a spec text."""
    return build_graph(parse_spec(text))


def is_buffer(entry: str) -> bool:
    """Return whether a state-dict entry is one of batch norm's statistics."""
    return entry.rsplit(".", 1)[-1] in ("running_mean", "running_var", "num_batches_tracked")


def unit_floats(name: str, count: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return `count` numbers in [0, 1): a 32-bit integer hash of the position, seeded by the name's CRC."""
    seed = 0x9E3779B9 * (zlib.crc32(name.encode()) | 1) & 0xFFFFFFFF
    bits = np.arange(count, dtype=np.uint32) + np.uint32(seed)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
    return (bits ^ (bits >> np.uint32(16))).astype(np.float64) / 2.0**32


def entry_value(name: str, shape: tuple[int, ...]) -> Tensor:
    """Return the fill of a state-dict entry: weights of variance 1 / fan-in, scales about 1, shifts about 0."""
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return torch.zeros(shape, dtype=torch.int64)
    u = torch.from_numpy(unit_floats(name, math.prod(shape))).reshape(shape)
    if len(shape) >= 2:
        return (2 * u - 1) * math.sqrt(3 / math.prod(shape[1:]))
    return {"weight": 0.5 + u, "running_var": 0.5 + u, "bias": 0.4 * u - 0.2, "running_mean": 0.4 * u - 0.2}[leaf]


def fill_values(network: nn.Module, rename: Callable[[str], str] = str) -> dict[str, Tensor]:
    """Return the state dict of the fill; `rename` gives the name under which an entry was filled elsewhere."""
    return {name: entry_value(rename(name), tuple(old.shape)) for name, old in network.state_dict().items()}


def image(batch: int, channels: int, height: int, width: int) -> Tensor:
    """Return the images of the fill, in [-1, 1)."""
    count = batch * channels * height * width
    return torch.from_numpy(2 * unit_floats("input", count) - 1).reshape(batch, channels, height, width)


@dataclass(frozen=True, slots=True)
class Measured:
    """What torch did for one image; shapes and MACs by module path, in the order of execution."""

    logits: tuple[int, ...]
    shapes: dict[str, tuple[int, ...]]
    macs: dict[str, int]
    total_macs: int
    activations: int


class _OutputElements(TorchDispatchMode):
    """Counts the elements that convolutions and linear layers put out."""

    COUNTED = (torch.ops.aten.convolution.default, torch.ops.aten.addmm.default)

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if func in self.COUNTED:
            self.elements += output.numel()
        return output


def measure(network: nn.Module, images: Tensor) -> Measured:
    """Run one image through a network in eval mode and report what torch's own counters saw."""
    assert len(images) == 1
    shapes: dict[str, tuple[int, ...]] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: shapes.update({name: tuple(output.shape[1:])}))
        for name, module in network.named_modules()
        if name
    ]
    flops, elements = FlopCounterMode(display=False), _OutputElements()
    with torch.no_grad(), flops, elements:
        logits = network.eval()(images)
    for hook in hooks:
        hook.remove()
    prefix = f"{type(network).__name__}."
    macs = {
        path.removeprefix(prefix): sum(by_op.values()) // 2
        for path, by_op in flops.get_flop_counts().items()
        if path.startswith(prefix)
    }
    return Measured(tuple(logits.shape[1:]), shapes, macs, flops.get_total_flops() // 2, elements.elements)
