"""In-place activated batch norm beyond a training loop: state dicts, copies, conversions, compilers, processes."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.fx.experimental.optimization import fuse

from tests.emission.test_in_place_abn import IN_PLACE, X, emitted, twins
from tests.emission.training import distance, images, imported, shaken, small, source_with, step
from tests.oracle import build, state_facts
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph


@pytest.mark.parametrize("name", ["tresnet_m", "tresnet_l", "tresnet_xl"])
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
import os
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
dist.barrier()
dist.destroy_process_group()
os._exit(0)  # gloo's threads now and then abort an interpreter that ends by itself
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
