"""The committed modules are what the specs give; so are those of specs with what no bundled one has.

The latter are built in torch, here or by test_memory.py.
`TRESNET_GEN_REWRITE=1 pytest tests/emission/test_generated.py` writes them anew.
"""

import os
from pathlib import Path

import pytest
import torch

from tests.analysis.test_memory import WRITTEN, graph_of
from tests.oracle import ROOT, build
from tresnet_gen.analysis.counts import count
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.resources import bundled_specs

OTHERS = {
    "leaky": """\
name: leaky
description: >-
  Basic blocks of several slopes, shortcuts and activations, told at such length that a line would break at the
  state-of-the-art-hyphen of this
input: {size: 32}
norm: {type: batch_norm, eps: 0.001}
act: {type: leaky_relu, slope: 0.01}
stem: {type: space_to_depth, width: 8}
stages:
  - {block: basic, depth: 2, width: 8}
  - {block: basic, depth: 2, width: 12, stride: 2, aa: true, shortcut: avg_pool, act: {type: leaky_relu, slope: 0.1}}
  - {block: basic, depth: 1, width: 16, stride: 1, shortcut: conv, act: {type: relu6}}
  - {block: basic, depth: 2, width: 16, stride: 2, shortcut: conv, act: {type: hard_swish}}
head: {hidden: 5}
num_classes: 3
""",
    "mobile": """\
name: mobile
input: {size: 32}
act: {type: hard_swish}
stem: {type: conv, kernel: 3, stride: 1, width: 4}
stages:
  - {block: inverted_residual, depth: 1, width: 6, stride: 2}
  - {block: inverted_residual, depth: 2, width: 6, act: {type: relu6}}
num_classes: 3
""",
    "shuffle": """\
name: shuffle
input: {size: 32}
act: {type: relu}
stem: {type: conv, kernel: 3, stride: 2, width: 4}
stages:
  - {block: shuffle_unit, depth: 2, width: 8, stride: 2, kernel: 3}
  - {block: shuffle_unit, depth: 2, width: 12, stride: 2, kernel: 5}
num_classes: 3
""",
}


@pytest.mark.parametrize("name", bundled_specs())
def test_the_committed_module_is_current(name: str) -> None:
    assert (ROOT / "generated" / f"{name}.py").read_text(encoding="utf-8") == emit(build_graph(load_spec(name)))


@pytest.mark.parametrize(("name", "checkpoint"), [*((name, "null") for name in WRITTEN | OTHERS), ("mixed", "block")])
def test_the_module_of_what_no_bundled_spec_has(name: str, checkpoint: str) -> None:
    path = Path(__file__).parent / "written" / f"{name}{'_checkpoint' if checkpoint == 'block' else ''}.txt"
    emitted = emit(other(name) if name in OTHERS else graph_of(name, f"checkpoint={checkpoint}"))
    if os.environ.get("TRESNET_GEN_REWRITE") == "1":
        path.write_text(emitted, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == emitted


@pytest.mark.parametrize("name", OTHERS)
def test_such_a_module_is_the_network_that_was_counted(name: str) -> None:
    network = build(emit(other(name)))
    assert sum(parameter.numel() for parameter in network.parameters()) == count(other(name)).totals.params
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 3)


def other(name: str) -> Graph:
    return build_graph(parse_spec(OTHERS[name]))
