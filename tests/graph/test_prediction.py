"""Drawn specs: what the graph predicts is what torch does with the emitted module."""

import re
from math import prod

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.drawn import TALLY, spec_texts, text_of
from tests.oracle import Measured, build, build_graph_of, is_buffer, measure
from tresnet_gen.analysis.counts import count
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.diagnostics import SpecError
from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.frontend.spec import Spec
from tresnet_gen.graph import ops
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph, Node

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "relu6": nn.ReLU6,
    "silu": nn.SiLU,
    "hard_swish": nn.Hardswish,
}
# Ops that the emitted forward spells as an expression, so that no module shows them.
EXPRESSIONS = {"input", "mean", "mul", "add", "sigmoid", "hard_sigmoid", "split", "chunk", "cat", "channel_shuffle"}


@given(spec_texts())
def test_figures_are_those_torch_measures(text: str) -> None:
    TALLY["held against torch"] += 1
    graph = build_graph_of(text)
    counts = count(graph)
    model = build(emit(graph))
    channels, (height, width) = graph.spec.input.channels, graph.spec.input.size
    measured = measure(model, torch.zeros(1, channels, height, width))

    assert measured.logits == (graph.spec.num_classes,)
    check_state(graph, model)
    check_modules(graph, model, measured)
    assert counts.totals.params == sum(p.numel() for p in model.parameters())
    assert counts.totals.macs == measured.total_macs
    assert counts.totals.activations == measured.activations
    for stage in counts.stages[1:-1]:
        path = f"body.{stage.name}"
        assert stage.totals.params == sum(p.numel() for p in model.get_submodule(path).parameters())
        assert stage.totals.macs == measured.macs[path]
        assert stage.output == measured.shapes[path]


def check_state(graph: Graph, model: nn.Module) -> None:
    """Names, shapes and order of parameters and buffers."""
    assert list(graph.state_shapes()) == [(name, tuple(t.shape)) for name, t in model.state_dict().items()]
    assert list(graph.parameter_shapes()) == [(name, tuple(p.shape)) for name, p in model.named_parameters()]
    assert [n for n, _ in graph.parameter_shapes()] == [n for n, _ in graph.state_shapes() if not is_buffer(n)]


def check_modules(graph: Graph, model: nn.Module, measured: Measured) -> None:
    """Every op is a module of the same settings, run in the same order, and every module is an op."""
    modules = dict(model.named_modules())
    leaves = [path for path in measured.shapes if is_leaf(modules[path])]
    assert [node.name for node in graph.nodes if node.name in modules] == leaves
    for node in graph.nodes:
        if node.name in modules:
            check_settings(node, modules[node.name])
            assert measured.shapes[node.name] == node.shape
            assert measured.macs.get(node.name, 0) == node.macs
            assert (prod(node.shape) if node.macs else 0) == node.activations
        else:
            assert node.op.kind in EXPRESSIONS or is_act_expression(node)
            assert node.macs == node.activations == node.op.params == 0
        if node.op.kind in ("mul", "add"):  # what an SE and a block put out
            assert measured.shapes[node.name.rpartition(".")[0]] == node.shape


def is_leaf(module: nn.Module) -> bool:
    return not list(module.children()) and not isinstance(module, nn.Identity)


def is_act_expression(node: Node) -> bool:
    """The ReLU behind a residual sum, and what stands between the layers of an SE where all of them agree."""
    return node.name.endswith(".se.act") or (node.op == ops.Activation("relu") and node.name.endswith(".relu"))


def check_settings(node: Node, module: nn.Module) -> None:
    match node.op:
        case ops.Conv2d() as op:
            assert isinstance(module, nn.Conv2d)
            assert (module.in_channels, module.out_channels) == (op.in_channels, op.out_channels)
            assert module.kernel_size == (op.kernel, op.kernel)
            assert module.padding == (op.kernel // 2, op.kernel // 2)
            assert module.stride == (op.stride, op.stride)
            assert module.groups == op.groups
            assert (module.bias is not None) == op.bias
        case ops.InPlaceABN() as op:
            assert isinstance(module, nn.BatchNorm2d)
            assert module.num_features == op.channels
        case ops.BatchNorm() as op:
            assert isinstance(module, nn.BatchNorm2d)
            assert module.num_features == op.channels
        case ops.Activation() as op:
            assert type(module) is ACTIVATIONS[op.type]
            assert getattr(module, "negative_slope", None) == op.slope
        case ops.Sigmoid():
            assert type(module) is nn.Sigmoid
        case ops.HardSigmoid():
            assert type(module) is nn.Hardsigmoid
        case ops.MaxPool():
            assert isinstance(module, nn.MaxPool2d)
            assert (module.kernel_size, module.stride, module.padding) == (3, 2, 1)
        case ops.AvgPool():
            assert isinstance(module, nn.AvgPool2d)
            assert (module.kernel_size, module.stride, module.padding, module.ceil_mode) == (2, 2, 0, True)
        case ops.Dropout() as op:
            assert isinstance(module, nn.Dropout)
            assert module.p == op.p
        case ops.Linear() as op:
            assert isinstance(module, nn.Linear)
            assert (module.in_features, module.out_features) == (op.in_features, op.out_features)
        case _:
            assert type(module).__name__ == {"blur_pool": "BlurPool", "space_to_depth": "SpaceToDepth"}[node.op.kind]


@given(spec_texts())
def test_settings_of_the_spec_reach_the_module(text: str) -> None:
    TALLY["trained for a step"] += 1
    graph = build_graph_of(text)
    spec, model = graph.spec, build(emit(graph))
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(spec.norm.eps, spec.norm.momentum)}

    # Activations work in place where that is safe; a step of training fails where it is not.
    images = torch.rand(2, spec.input.channels, *spec.input.size)
    model.train()(images).square().mean().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


# Multiples of 8 suit every stem; small ones are too small for some blurs.
EXTENTS = st.sampled_from([8, 8, 16, 24, 32, 64]) | st.integers(1, 40)
LARGE = (512, 512)


@given(spec_texts(), st.tuples(EXTENTS, EXTENTS), st.booleans())
def test_a_size_is_accepted_exactly_where_torch_runs(text: str, size: tuple[int, int], blurring: bool) -> None:
    text = with_blurs(text) if blurring else text
    model = build(emit(build_graph(at_size(text, LARGE)))).eval()
    spec = at_size(text, size)
    try:
        accepted = build_graph(spec)
    except SpecError as refusal:
        (code, *_) = codes = {d.code for d in refusal.diagnostics}
        assert len(codes) == 1
        TALLY[f"of a size refused with {code}"] += 1
        assert not runs(model, spec)
        check_help(refusal, model, text)
    else:
        TALLY["of a random size accepted"] += 1
        assert accepted.nodes[-1].shape == (spec.num_classes,)
        assert runs(model, spec)


def with_blurs(text: str) -> str:
    network = yaml.safe_load(text)
    for stage in network["stages"]:
        stage |= {"stride": 2} | ({"aa": True} if stage["block"] in ("basic", "bottleneck") else {})
    return text_of(network)


def at_size(text: str, size: tuple[int, int]) -> Spec:
    return parse_spec(text, overrides=[f"input.size={list(size)}"])


def runs(model: nn.Module, spec: Spec) -> bool:
    try:
        with torch.no_grad():
            logits = model(torch.zeros(1, spec.input.channels, *spec.input.size))
    except RuntimeError:
        return False
    return logits.shape == (1, spec.num_classes)


def check_help(refusal: SpecError, model: nn.Module, text: str) -> None:
    """Sizes that the help proposes are legal; the one it calls smallest is the smallest."""
    step = getattr(parse_spec(text).stem, "block_size", 1)
    for diagnostic in refusal.diagnostics:
        assert diagnostic.help is not None
        if diagnostic.code == "E301":
            proposed = [int(side) for side in re.findall(r"\d+", diagnostic.help)]
            assert proposed
            assert all(side % step == 0 and side > 0 for side in proposed)
        else:
            found = re.match(r"the smallest input side is (\d+);", diagnostic.help)
            assert found is not None
            least = int(found[1])
            assert runs(model, at_size(text, (least, least)))
            assert least > step
            assert not runs(model, at_size(text, (least - step, least - step)))


@pytest.mark.parametrize("least", [1, 2, 3, 5, 9, 17])
def test_least_size_grows_with_each_blur(least: int) -> None:
    """n blurs need 2 ** (n - 1) + 1 rows behind the stem: the last blur two, each one before twice as many less one."""
    blurs = {1: 0, 2: 1, 3: 2, 5: 3, 9: 4, 17: 5}[least]
    stages = "".join("  - {block: basic, depth: 1, width: 4, stride: 2, aa: true}\n" for _ in range(blurs))
    text = (
        "name: blurred\nstem: {type: space_to_depth, block_size: 2, width: 4}\nstages:\n"
        "  - {block: basic, depth: 1, width: 4}\n" + stages + "input: {size: SIDE}\n"
    )
    assert build_graph_of(text.replace("SIDE", str(2 * least))).nodes[-1].shape == (1000,)
    if blurs:
        with pytest.raises(SpecError, match=f"E302: layer{blurs + 1}"):
            build_graph_of(text.replace("SIDE", str(2 * least - 2)))
