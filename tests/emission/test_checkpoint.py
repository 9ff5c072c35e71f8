"""`checkpoint: block`: the same step of training bit by bit, the running statistics included, and less that is kept."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.emission.training import images, imported, keeping, shaken, small, source_with, step
from tests.oracle import build

CHECKPOINT = "checkpoint: block"
NORMS = ["norm: {type: batch_norm}", "norm: {type: inplace_abn}", "norm: {type: inplace_abn, momentum: 1.0}"]
X = images(6, 3, 16, 18)


def twins(norm: str) -> tuple[nn.Module, nn.Module]:
    """Return the same network checkpointed and not."""
    return small(norm, CHECKPOINT), small(norm)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("norm", NORMS)
def test_steps_of_training_are_the_same(norm: str, precision: torch.dtype) -> None:
    ours, theirs = twins(norm)
    for factor in (1, 2):
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            assert step(ours, factor * X).same(step(theirs, factor * X))


@pytest.mark.parametrize("norm", NORMS)
def test_a_batch_counts_once(norm: str) -> None:
    network = small(norm, CHECKPOINT)
    before = {name: (bn.momentum, bn.num_batches_tracked) for name, bn in norms(network).items()}
    step(network, X)
    for name, bn in norms(network).items():
        assert (bn.momentum, bn.num_batches_tracked) == before[name]
        assert bn.num_batches_tracked is before[name][1]
        assert bn.num_batches_tracked == 1


def norms(network: nn.Module) -> dict[str, nn.BatchNorm2d]:
    return {name: module for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d)}


def test_without_the_care_for_them_statistics_would_differ() -> None:
    """The test above can fail: torch.utils.checkpoint alone counts every batch twice."""
    care = "        context_fn=lambda: (nullcontext(), HeldStatistics(block)),\n"
    source = source_with(CHECKPOINT)
    assert care in source
    torch.manual_seed(0)
    careless, theirs = step(shaken(build(source.replace(care, ""))), X), step(small(), X)
    assert all(map(torch.equal, careless.gradients, theirs.gradients))
    assert not careless.same_state(theirs)


@pytest.mark.parametrize("norm", NORMS)
def test_a_block_keeps_its_input_alone(norm: str) -> None:
    network = small(norm, CHECKPOINT)
    inputs = []
    for name in ("body.layer1.0", "body.layer2.0", "body.layer2.1"):
        network.get_submodule(name).register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0]))
    with keeping() as kept:
        out = network.get_submodule("body")(X)
    assert out.requires_grad
    stem = network.get_submodule("body.conv1")
    shapes = [tensor.shape for tensor in kept.without(*inputs, *stem.parameters(), *stem.buffers(), X)]
    # Beside them only what the stem keeps: plain batch norm its input, both the batch's statistics.
    of_stem = [(8,), (8,)] if norm == NORMS[0] else [(8,)]
    assert sorted(shapes) == sorted([*of_stem, *([(6, 8, 16, 18)] if norm == NORMS[0] else [])])


def test_names_are_those_without() -> None:
    ours, theirs = twins(NORMS[0])
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


def test_evaluation_and_no_graph_are_the_same() -> None:
    ours, theirs = twins(NORMS[0])
    with torch.no_grad():
        for training in (True, False):
            assert torch.equal(ours.train(training)(X), theirs.train(training)(X))
    with keeping() as kept:
        ours(X)
    with keeping() as plain:
        theirs(X)
    assert len(kept.tensors) == len(plain.tensors)
    assert all(map(torch.equal, ours.buffers(), theirs.buffers()))


def test_gradients_may_be_taken_twice_over_one_graph() -> None:
    ours, theirs = twins(NORMS[1])
    for network in (ours, theirs):
        loss = network(X).square().mean()
        loss.backward(retain_graph=True)
        loss.backward()
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert all(map(torch.equal, ours.buffers(), theirs.buffers()))


def test_a_backward_that_fails_leaves_the_norms_as_they_were() -> None:
    network = small(NORMS[1], CHECKPOINT)
    loss = network(X).square().mean()
    conv = network.get_submodule("body.layer1.0.conv2.conv")
    hook = conv.register_forward_pre_hook(lambda *_: fail())
    with pytest.raises(ArithmeticError, match="on purpose"):
        loss.backward()
    hook.remove()
    assert {bn.momentum for bn in norms(network).values()} == {0.1}
    again = copy.deepcopy(network)
    assert step(network, X).same(step(again, X))
    assert {int(bn.num_batches_tracked) for bn in norms(network).values() if bn.num_batches_tracked is not None} == {2}


def fail() -> None:
    raise ArithmeticError("on purpose")


@pytest.mark.parametrize("norm", NORMS[:2])
def test_compilers_and_tracers_see_plain_operators(norm: str, tmp_path: Path) -> None:
    torch._dynamo.reset()
    torch.manual_seed(0)
    name = "checkpointed_" + ("in_place" if "abn" in norm else "plain")
    network, theirs = shaken(imported(source_with(norm, CHECKPOINT), tmp_path / f"{name}.py").Small()), small(norm)
    graph = torch.export.export(copy.deepcopy(network), (X,), strict=False).graph
    assert not any("checkpoint" in str(node.target) for node in graph.nodes)
    assert "checkpoint" not in torch.fx.symbolic_trace(copy.deepcopy(network)).code
    found = step(torch.compile(network, backend="aot_eager", fullgraph=True), X)
    known = step(theirs, X)
    assert found.loss.item() == pytest.approx(known.loss.item(), rel=1e-6)
    assert found.distance(known) < 1e-4
    assert all(int(bn.num_batches_tracked) == 1 for bn in norms(network).values() if bn.num_batches_tracked is not None)
