"""The forward of a module held against its graph: names, shapes, calls, counts."""

from collections.abc import Iterator

import torch
from torch import nn

from tresnet_gen.analysis.counts import count
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime import claims
from tresnet_gen.runtime.claims import Claim
from tresnet_gen.runtime.lowering import aten, lower
from tresnet_gen.runtime.observe import module_macs, module_outputs
from tresnet_gen.runtime.program import Shape, trace
from tresnet_gen.runtime.subject import Subject
from tresnet_gen.runtime.tracker import on_device


def check_structure(subject: Subject) -> Iterator[Claim]:
    """Yield the claims about names and shapes."""
    graph = subject.graph
    with torch.device("meta"):
        network, images = subject.make()
    state = [(name, tuple(tensor.shape)) for name, tensor in network.state_dict().items()]
    parameters = [(name, tuple(tensor.shape)) for name, tensor in network.named_parameters()]
    yield claims.entries("state-dict entries", list(graph.state_shapes()), state)
    yield claims.entries("parameter tensors", list(graph.parameter_shapes()), parameters)
    yield claims.figure("parameters", count(graph).totals.params, sum(p.numel() for p in network.parameters()))
    outputs = module_outputs(network, images)
    yield claims.entries("module outputs", *_module_shapes(graph, network, outputs))


def _module_shapes(
    graph: Graph, network: nn.Module, outputs: dict[str, Shape]
) -> tuple[list[tuple[str, Shape]], list[tuple[str, Shape]]]:
    """Return name and output of the modules that hold ops, as predicted and as seen, in the order of the module."""
    last = {path: node.shape for node in graph.nodes[1:] for path in _paths(node.name)}
    names = [name for name, _ in network.named_modules() if name in last]
    names += [call.name for call in graph.calls if call.name not in names]
    return [(name, last[name]) for name in names], [(name, outputs[name]) for name in names if name in outputs]


def _paths(name: str) -> Iterator[str]:
    """Yield the module paths that a node lies in, from the whole network to its own."""
    yield ""
    parts = name.split(".")
    yield from (".".join(parts[: index + 1]) for index in range(len(parts)))


def check_forward(subject: Subject) -> Iterator[Claim]:
    """Yield the claims about the calls of the forward."""
    with on_device(subject.device):
        network, images = subject.make()
        for mode, train in (("eval mode", False), ("training", True)):
            predicted = lower(subject.graph, subject.batch, train)
            yield claims.program(f"ops in {mode}", predicted, trace(network, images, train))


def check_counts(subject: Subject) -> Iterator[Claim]:
    """Yield the claims about multiply-accumulates and activations."""
    graph = subject.graph
    totals = count(graph).totals
    predicted: dict[str, int] = {}
    for node in graph.nodes:
        for path in _paths(node.name) if node.macs else ():
            predicted[path] = predicted.get(path, 0) + node.macs
    with torch.device("meta"):
        network, images = subject.make()
    modules = {name for name, _ in network.named_modules()}
    measured = module_macs(network, images)
    predicted = {path: macs for path, macs in predicted.items() if path in modules}
    yield claims.figures("modules with MACs", predicted, measured, "MACs")
    yield claims.figure("MACs", totals.macs, measured.get("", 0))
    counted = (aten.convolution.default, aten.addmm.default)
    outputs = [call.output for call in trace(network, images, False).calls if call.op in counted]
    activations = sum(torch.Size(shape).numel() for shape in outputs) // subject.batch
    yield claims.figure("activations", totals.activations, activations)
