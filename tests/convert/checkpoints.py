"""Checkpoints as other implementations save them: their names and shapes, filled as tests/oracle.py does."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.oracle import TRESNETS, build, build_graph_of, entry_value
from tests.oracle import state_facts as tresnet_facts
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.convert.network import network_of
from tresnet_gen.runtime.convert.plan import Plan, plan
from tresnet_gen.runtime.convert.values import state_of

FACTS = Path(__file__).parent / "facts"
Shape = tuple[int, ...]

# An official network, the spec of its module, and edits of that.
OFFICIAL = {
    "v1_tresnet_m": ("tresnet_m", ()),
    "v1_tresnet_l": ("tresnet_l", ()),
    "v1_tresnet_xl": ("tresnet_xl", ()),
    "v2_tresnet_v2_l": ("tresnet_v2_l", ("act.slope=1e-6", "stem.act.slope=1e-6")),
    "in21k_tresnet_v2_l": ("tresnet_v2_l", ()),
}


@cache
def shapes_of(name: str) -> dict[str, Shape]:
    """Return the shapes by name that a network has where it comes from."""
    if name in TRESNETS:
        return dict(tresnet_facts(name))
    rows = (line.split() for line in (FACTS / f"{name}.state.txt").read_text().splitlines())
    return {entry: () if shape == "scalar" else tuple(map(int, shape.split("x"))) for entry, shape in rows}


@cache
def official_logits() -> dict[str, Any]:
    """Return the logits of the official networks."""
    return json.loads((FACTS / "official.json").read_text())


def graph_of(name: str, *overrides: str) -> Graph:
    """Return the graph of a bundled spec."""
    return build_graph(load_spec(name, overrides))


def filled(shapes: Mapping[str, Shape]) -> dict[str, Tensor]:
    """Return a checkpoint of the fill, in float64."""
    return {name: entry_value(name, shape) for name, shape in shapes.items()}


def official(name: str) -> dict[str, Tensor]:
    """Return the checkpoint of an official network: signed norm weights, and the blur filters it carries along."""
    row = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64) / 4
    tensors = {}
    for entry, shape in shapes_of(f"official_{name}").items():
        if entry.endswith(".filt"):
            tensors[entry] = torch.outer(row, row).repeat(shape[0], 1, 1, 1)
        else:
            value = entry_value(entry, shape)
            scale = entry.endswith(".weight") and len(shape) == 1  # 0.5 + u there
            tensors[entry] = 3 * (value - 0.5) - 1.5 if scale else value
    return tensors


def planned(graph: Graph, tensors: Mapping[str, Tensor], partial: bool = False) -> Plan:
    """Return the plan for a checkpoint."""
    return plan(network_of(graph), {name: tuple(value.shape) for name, value in tensors.items()}, partial)


def converted(graph: Graph, tensors: Mapping[str, Tensor], partial: bool = False, seed: int = 0) -> dict[str, Tensor]:
    """Return the state of a graph's module from a checkpoint that fits."""
    what = planned(graph, tensors, partial)
    assert partial or what.fits
    return state_of(graph, network_of(graph), what, tensors, seed)


def module_of(graph: Graph) -> nn.Module:
    """Return the emitted module of a graph."""
    return build(emit(graph))


# A small network with everything that a TResNet has, for tests of files.
SMALL = """\
name: small
input: {channels: 3, size: 32}
num_classes: 5
act: {type: leaky_relu, slope: 1e-3}
stem: {type: space_to_depth, width: 8, act: {type: leaky_relu, slope: 1e-2}}
stages:
  - {block: basic, depth: 2, width: 8, se: {ratio: 4, min_channels: 2}, aa: true}
  - {block: bottleneck, depth: 2, width: 4, stride: 2, se: {ratio: 8, min_channels: 2}, aa: true}
"""


def small_state() -> dict[str, Tensor]:
    """Return a filled state of the small network, in float32."""
    shapes = dict(build_graph_of(SMALL).state_shapes())
    return {name: value.float() if value.is_floating_point() else value for name, value in filled(shapes).items()}
