"""A module run with numbers, on the CPU, at a small input."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from tresnet_gen.frontend.diagnostics import SpecError
from tresnet_gen.frontend.spec import SpaceToDepthStem
from tresnet_gen.graph import ops
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime import claims
from tresnet_gen.runtime.claims import Claim
from tresnet_gen.runtime.exercise import exercise, repeatable
from tresnet_gen.runtime.slopes import Slope, slopes
from tresnet_gen.runtime.subject import Subject


def check_numbers(subject: Subject) -> Iterator[Claim]:
    """Yield the claims that only numbers can show."""
    small = _smaller(subject.graph)
    image = small.nodes[0].shape
    with repeatable():
        network = subject.factory()
    seen = exercise(network, image)
    params = len(list(small.parameter_shapes()))
    yield Claim("real step: finite gradients", params, seen.params - len(seen.faults), "".join(seen.faults[:1]))
    buffers = sum(len(node.op.buffers) + len(node.op.constants) for node in small.nodes)
    changed = "".join(f"{name} changes" for name in seen.moved[:1])
    yield Claim("real step: buffers that backward keeps", buffers, seen.buffers - len(seen.moved), changed)
    yield claims.entries("real step: state-dict entries", list(small.state_shapes()), seen.entries)
    yield Claim("real step: logits in eval mode", "repeat", "differ" if seen.unrest else "repeat", seen.unrest)
    if seen.filters or any(isinstance(node.op, ops.BlurPool) for node in small.nodes):
        yield _filters(small, seen.filters)
    for slope in slopes(network, image):
        yield _slope(slope)


def _slope(slope: Slope) -> Claim:
    """Return the claim that backward computes the derivative of forward."""
    wrong = "" if slope.agrees else f"{slope.gradient:.4g}, the difference quotient is {slope.quotient:.4g}"
    return Claim(f"real step: gradient by {slope.direction}", "agrees", "differs" if wrong else "agrees", wrong)


def _filters(graph: Graph, buffers: dict[str, Tensor]) -> Claim:
    """Return the claim that the blurs are binomial."""
    row = torch.tensor([1.0, 2.0, 1.0]) / 4
    binomial = torch.outer(row, row)
    blurs = [f"{node.name}.kernel" for node in graph.nodes if isinstance(node.op, ops.BlurPool)]
    right = [name for name in blurs if name in buffers and bool((buffers[name] == binomial).all())]
    wrong = [f"{name} is another filter" for name in (*blurs, *buffers) if name not in right]
    return Claim("real step: binomial filters", len(blurs), len(right), "".join(wrong[:1]))


def _smaller(graph: Graph) -> Graph:
    """Return the graph at a small input whose last feature map still has 2 x 2 places, or the graph as it is.

    Patches of the stem times 1, 2, 3, 5, 9, ... are what strides and blurs ask for.
    """
    spec = graph.spec
    step = spec.stem.block_size if isinstance(spec.stem, SpaceToDepthStem) else 1
    for extent in (1, 2, *(2**power + 1 for power in range(1, 12))):
        side = extent * step
        if side < min(spec.input.size):
            with contextlib.suppress(SpecError):
                smaller = build_graph(spec._replace(input=spec.input._replace(size=(side, side))))
                if _last_map(smaller) >= 2:
                    return smaller
    return graph


def _last_map(graph: Graph) -> int:
    """Return the height of the last feature map."""
    return next(node.shape[1] for node in reversed(graph.nodes) if len(node.shape) == 3)
