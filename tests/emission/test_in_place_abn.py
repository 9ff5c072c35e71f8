"""In-place activated batch norm: the network of `norm: inplace_abn` trains as the one of `norm: batch_norm` does."""

import copy
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from tests.emission.training import distance, images, imported, keeping, shaken, small, source_with, step
from tests.oracle import build, module_of, source_of, state_facts
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph

IN_PLACE = "norm: {type: inplace_abn}"
NETWORKS = ("tresnet_m", "tresnet_l", "tresnet_xl")
X = images(6, 3, 16, 18)
FORMATS = [torch.contiguous_format, torch.channels_last]


def twins() -> tuple[nn.Module, nn.Module]:
    """Return the same small network in place and plain."""
    return small(IN_PLACE), small()


@cache
def emitted() -> ModuleType:
    return module_of(source_with(IN_PLACE))


def bn_leaky(x: Tensor, bn: nn.Module, slope: float) -> Tensor:
    """Return the emitted function's result; unlike it, leave x alone."""
    y = emitted().bn_leaky(x * 1, bn, slope)
    assert isinstance(y, Tensor)
    return y


def plain(x: Tensor, bn: nn.Module, slope: float) -> Tensor:
    return functional.leaky_relu(bn(x), slope)


def norm(weight: Tensor, bias: Tensor) -> nn.BatchNorm2d:
    bn = nn.BatchNorm2d(len(weight), dtype=weight.dtype)
    bn.weight, bn.bias = nn.Parameter(weight), nn.Parameter(bias)
    return bn


# Training: values, gradients and statistics.


@pytest.mark.parametrize("memory_format", FORMATS)
def test_steps_of_training(memory_format: torch.memory_format) -> None:
    ours, theirs = (network.to(memory_format=memory_format) for network in twins())
    x = X.to(memory_format=memory_format)
    optimizers = [torch.optim.SGD(network.parameters(), lr=0.1) for network in (ours, theirs)]
    first = [step(ours, x), step(theirs, x)]
    assert first[0].same_state(first[1])
    assert first[0].distance(first[1]) < 1e-5
    for optimizer in optimizers:
        optimizer.step()
    assert step(ours, x).loss.item() == pytest.approx(step(theirs, x).loss.item(), rel=1e-4)


def test_a_step_of_tresnet_m() -> None:
    ours = shaken(build(emit(build_graph(load_spec("tresnet_m_abn")))))
    theirs = build(source_of("tresnet_m"))
    theirs.load_state_dict(ours.state_dict())
    x = images(4, 3, 64, 64)
    found, known = step(ours, x), step(theirs.train(), x)
    assert found.same_state(known)
    assert found.distance(known) < 1e-5


MUTANTS = {
    "activation not undone": ("F.leaky_relu(y, 1 / ctx.slope)", "y"),
    "activation undone by its own slope": ("1 / ctx.slope", "ctx.slope"),
    "gradient not sent through the activation": (
        "aten.leaky_relu_backward(grad_y, y, ctx.slope, True)",
        "aten.clone(grad_y)",
    ),
    "weight counted once": ("power * inv_std", "weight.abs() * inv_std"),
    "bias for a mean of zero": ("None, None, bias,", "None, None, 0 * bias,"),
    "batches not counted": ("        bn.num_batches_tracked.add_(1)\n", ""),
    "statistics not updated": ("True, bn.momentum,", "True, 0.0,"),
    "another eps": ("bn.eps, out=", "2 * bn.eps, out="),
}


@pytest.mark.parametrize("what", MUTANTS)
def test_a_mutant_is_caught(what: str) -> None:
    source, (old, new) = source_with(IN_PLACE), MUTANTS[what]
    assert old in source
    torch.manual_seed(0)
    found, known = step(shaken(build(source.replace(old, new))), X), step(small(), X)
    assert not found.same_state(known) or found.distance(known) > 1e-2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(dtype: torch.dtype) -> None:
    """As far from the gradients of float32 as with plain batch norm: that is what 16 bit cost, not the inversion."""
    ours, theirs = twins()
    with torch.autocast("cpu", dtype):
        found, known = step(ours, X), step(theirs, X)
    assert torch.equal(found.loss, known.loss)
    exact = step(small(), X)
    assert found.distance(exact) < 1.5 * known.distance(exact)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions(dtype: torch.dtype) -> None:
    """Parameters in 16 bit take ordinary operators."""
    found, known = (step(network.to(dtype), X.to(dtype)) for network in twins())
    assert found.same_state(known)
    assert found.distance(known) < (1e-12 if dtype == torch.float64 else 1e-30)


@pytest.mark.parametrize("slope", [1e-6, 1e-3, 0.3, 1.0])
def test_gradients_with_weights_of_either_sign(slope: float) -> None:
    x, weight, bias = (images(*shape).double().requires_grad_() for shape in ((3, 5, 4, 4), (5,), (5,)))
    assert (weight < 0).any()
    assert (weight > 0).any()

    def layer(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        y = emitted().in_place_abn(x * 1, weight, bias, nn.BatchNorm2d(5).double(), slope)
        assert isinstance(y, Tensor)
        return y

    assert torch.autograd.gradcheck(layer, (x, weight, bias))


def test_gradient_of_a_small_weight() -> None:
    x, weight, bias, grad_y = images(24, 5, 16, 16), torch.full((5,), 1e-3), images(5), images(24, 5, 16, 16).flip(0)
    gradients = []
    for dtype, act in ((torch.float32, bn_leaky), (torch.float64, plain)):
        bn, leaf = norm(weight.to(dtype), bias.to(dtype)), x.to(dtype, copy=True).requires_grad_()
        act(leaf, bn, 1e-3).backward(grad_y.to(dtype))
        gradients.append([leaf.grad, bn.weight.grad, bn.bias.grad])
    assert distance(*gradients) < 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("bias", [0.0, 0.1, -1.0])
@pytest.mark.parametrize("weight", [0.0, 1e-20, 1e-8, 1e-4, -1e-4])
def test_gradients_stay_bounded_where_the_weight_vanishes(weight: float, bias: float, dtype: torch.dtype) -> None:
    x, grad_y = images(8, 4, 8, 8).to(dtype).requires_grad_(), images(8, 4, 8, 8).flip(0).to(dtype)
    bn = norm(torch.full((4,), weight), torch.full((4,), bias))
    bn_leaky(x, bn, 0.1).backward(grad_y)
    assert x.grad is not None
    assert bn.weight.grad is not None
    assert bn.bias.grad is not None
    assert all(gradient.isfinite().all() for gradient in (x.grad, bn.weight.grad, bn.bias.grad))
    # |sum(grad * x_hat)| <= sum |grad| * max |x_hat|, and normal inputs stay below 5 deviations.
    assert bn.weight.grad.abs().max() <= 5 * grad_y.abs().float().sum((0, 2, 3)).max()
    assert x.grad.abs().max() <= 100 * max(abs(weight), 1e-3)


def freeze_convolution(network: nn.Module) -> None:
    network.get_submodule("body.conv1.conv").requires_grad_(False)


def freeze_norm(network: nn.Module) -> None:
    network.get_submodule("body.conv1.bn").requires_grad_(False)


def freeze_stem(network: nn.Module) -> None:
    network.get_submodule("body.conv1").requires_grad_(False)


def freeze_statistics(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


@pytest.mark.parametrize("freeze", [freeze_convolution, freeze_norm, freeze_stem, freeze_statistics])
def test_frozen_parts(freeze: Callable[[nn.Module], None]) -> None:
    ours, theirs = twins()
    freeze(ours)
    freeze(theirs)
    found, known = step(ours, X), step(theirs, X)
    assert found.same_state(known)
    assert found.distance(known) < 1e-5


@pytest.mark.parametrize("attribute", [("momentum", None), ("track_running_stats", False)])
def test_changed_norms(attribute: tuple[str, Any]) -> None:
    ours, theirs = twins()
    for module in (*ours.modules(), *theirs.modules()):
        if isinstance(module, nn.BatchNorm2d):
            setattr(module, *attribute)
    for x in (X, 2 * X):
        assert step(ours, x).same(step(theirs, x))


def test_averaged_statistics() -> None:
    """torch's update_bn sets the momentum to None and runs in training mode without a graph."""
    ours, theirs = twins()
    for network in (ours, theirs):
        torch.optim.swa_utils.update_bn([X, 2 * X], network)
    assert all(map(torch.equal, ours.buffers(), theirs.buffers()))


def test_gradients_may_be_taken_twice_over_one_graph() -> None:
    network = small(IN_PLACE)
    loss = network(X).square().mean()
    loss.backward(retain_graph=True)
    once = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    loss.backward()
    assert all(
        torch.equal(p.grad, 2 * g) for p, g in zip(network.parameters(), once, strict=True) if p.grad is not None
    )


def test_checkpointing_by_the_user() -> None:
    """torch.utils.checkpoint around the body, which counts the batch twice as with any batch norm."""
    network, same = small(IN_PLACE), small(IN_PLACE)
    body = checkpoint(network.get_submodule("body"), X, use_reentrant=False)
    network.get_submodule("head")(body.mean((2, 3))).square().mean().backward()
    known = step(same, X).gradients
    assert distance([p.grad for p in network.parameters() if p.grad is not None], known) == 0


# Memory.


def test_one_tensor_is_kept_in_the_storage_of_the_convolution() -> None:
    layers = nn.Conv2d(3, 8, 3, padding=1), norm(images(8), images(8)), nn.Conv2d(8, 8, 3, padding=1)
    kept_by = {}
    for act in (emitted().bn_leaky, lambda x, bn, slope: functional.leaky_relu(bn(x), slope, inplace=True)):
        with keeping() as kept:
            z = layers[0](X)
            pointer = z.data_ptr()
            y = act(z, layers[1], 1e-3)
            layers[2](y)
        kept_by[pointer == y.data_ptr()] = sum(tensor.shape == y.shape for tensor in kept.tensors.values())
    assert kept_by == {True: 1, False: 2}


# Misuse and bad input.


def test_misuse_is_reported() -> None:
    bn, x, act = nn.BatchNorm2d(3), images(6, 3, 8, 8).requires_grad_(), emitted().bn_leaky
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        act(x, bn, 0.1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        act(x.sigmoid(), bn, 0.1).sum().backward()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y = act(x * 1, bn, 0.1)
        y += 1
        y.sum().backward()
    with pytest.raises(RuntimeError, match="once_differentiable"):
        (gradient,) = torch.autograd.grad(act(x * 1, bn, 0.1).square().sum(), x, create_graph=True)
        gradient.sum().backward()


@pytest.mark.parametrize("shape", [(3, 16, 18), (6, 4, 16, 18), (6, 3, 16)])
def test_bad_images_are_refused_as_by_the_plain_network(shape: tuple[int, ...]) -> None:
    messages = []
    for network in twins():
        with pytest.raises((RuntimeError, ValueError)) as caught:
            step(network, torch.zeros(shape))
        messages.append((caught.type, str(caught.value)))
    assert messages[0] == messages[1]


def test_a_single_value_per_channel_is_refused() -> None:
    layer = emitted().ConvABN(3, 4, 1, slope=0.1)
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        layer(torch.zeros(1, 3, 1, 1))


# State, copies, conversions.


@pytest.mark.parametrize("name", NETWORKS)
def test_state_dict_has_the_names_order_and_shapes_of_timm(name: str) -> None:
    with torch.device("meta"):
        network = build(emit(build_graph(load_spec(f"{name}_abn"))))
    assert [(entry, tuple(t.shape)) for entry, t in network.state_dict().items()] == state_facts(name)


def test_state_dicts_interchange_with_the_plain_network() -> None:
    ours, theirs = twins()
    step(ours, X)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    again = small(IN_PLACE)
    again.load_state_dict(theirs.state_dict(), strict=True)
    with torch.no_grad():
        logits = [network.eval()(X) for network in (ours, theirs, again, copy.deepcopy(ours))]
    assert all(torch.equal(logits[0], other) for other in logits[1:])


def test_the_last_norm_of_a_block_starts_at_zero_and_stays_plain() -> None:
    """From a weight of zero nothing could be recovered."""
    network = build(source_with(IN_PLACE))
    for block in (network.get_submodule("body.layer1.0.conv2"), network.get_submodule("body.layer2.0.conv3")):
        assert type(block).__name__ == "ConvBN"
        assert not block.get_parameter("bn.weight").any()
    fused = [module for module in network.modules() if type(module).__name__ == "ConvABN"]
    assert len(fused) == 6
    assert all(module.get_parameter("bn.weight").all() for module in fused)


def test_pickled_networks_train_on(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = shaken(imported(source_with(IN_PLACE), tmp_path / "pickled.py").Small())
    torch.save(network, tmp_path / "network.pt")
    again = torch.load(tmp_path / "network.pt", weights_only=False)
    assert step(again, X).same(step(network, X))


def test_conversion_to_sync_batch_norm_keeps_the_activation() -> None:
    network = nn.SyncBatchNorm.convert_sync_batchnorm(small(IN_PLACE))
    assert type(network.get_submodule("body.conv1.bn")) is nn.SyncBatchNorm
    with torch.no_grad():
        assert torch.equal(network.eval()(X), small(IN_PLACE).eval()(X))


def test_functional_call() -> None:
    network, other = twins()
    nn.init.normal_(other.get_parameter("body.conv1.conv.weight"))
    state = {name: tensor.detach().clone() for name, tensor in other.state_dict().items()}
    assert torch.equal(torch.func.functional_call(network, state, (X,)), other(X))


def test_evaluation_is_plain_and_differentiable_twice() -> None:
    layer, x = emitted().ConvABN(3, 4, 3, slope=0.1).eval(), images(2, 3, 8, 8).requires_grad_()
    (gradient,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert x.grad is not None


# Compilers and tracers.


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compile_takes_plain_operators(backend: str, tmp_path: Path) -> None:
    torch._dynamo.reset()
    torch.manual_seed(0)
    module = imported(source_with(IN_PLACE), tmp_path / f"compiled_{backend}.py")
    network, theirs = shaken(module.Small()), small()
    theirs.load_state_dict(network.state_dict())
    found = step(torch.compile(network, backend=backend, fullgraph=True), X)
    known = step(theirs, X)
    assert found.loss.item() == pytest.approx(known.loss.item(), rel=1e-6)
    assert found.distance(known) < 1e-4


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_export_sees_plain_operators(training: bool, strict: bool, tmp_path: Path) -> None:
    network = imported(source_with(IN_PLACE), tmp_path / f"exported_{training}_{strict}.py").Small().train(training)
    graph = torch.export.export(network, (X,), strict=strict).graph
    called = {str(node.target) for node in graph.nodes if node.op == "call_function"}
    assert {"aten.batch_norm.default", "aten.leaky_relu_.default"} <= called
    assert not any("native" in name or "autograd" in name for name in called)


@pytest.mark.parametrize("training", [False, True])
def test_symbolic_tracing_sees_the_modules(training: bool) -> None:
    network = small(IN_PLACE).train(training)
    traced = torch.fx.symbolic_trace(network)
    assert {"body.conv1.conv", "body.conv1.bn"} <= {node.target for node in traced.graph.nodes}
    assert torch.equal(copy.deepcopy(traced)(X), small(IN_PLACE).train(training)(X))


def test_norms_fold_into_the_convolutions() -> None:
    network = small(IN_PLACE).eval()
    folded = fuse(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    with torch.no_grad():
        assert torch.allclose(folded(X), network(X), atol=1e-5)


def test_jit_trace_sees_plain_operators() -> None:
    network = small(IN_PLACE).eval()
    traced = torch.jit.trace(network, X)
    assert "PythonOp" not in str(traced.inlined_graph)
    assert torch.equal(traced(X), network(X))


# Several processes.

WORKER = """
import sys
import torch
import torch.distributed as dist
from emitted_ours import Small as Ours
from emitted_theirs import Small as Theirs

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
data = torch.load(f"{folder}/data.pt")
results = []
for network in (Ours(), Theirs()):
    network.load_state_dict(data["state"])
    parallel = torch.nn.parallel.DistributedDataParallel(network)
    parallel(data["images"][rank]).square().mean().backward()
    results.append([p.grad for p in network.parameters()])
torch.save(results, f"{folder}/gradients_{rank}.pt")
dist.destroy_process_group()
"""


def test_data_parallel_training_in_two_processes(tmp_path: Path) -> None:
    (tmp_path / "emitted_ours.py").write_text(source_with(IN_PLACE))
    (tmp_path / "emitted_theirs.py").write_text(source_with())
    (tmp_path / "worker.py").write_text(WORKER)
    torch.save({"state": small().state_dict(), "images": X.unflatten(0, (2, 3))}, tmp_path / "data.pt")
    command = [sys.executable, "-W", "ignore", tmp_path / "worker.py"]
    workers = [subprocess.Popen([*command, str(rank), tmp_path], cwd=tmp_path) for rank in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    (ours, theirs), (same, _) = (torch.load(tmp_path / f"gradients_{rank}.pt") for rank in range(2))
    assert distance(ours, theirs) < 1e-5
    assert all(map(torch.equal, ours, same))
