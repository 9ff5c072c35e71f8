"""The tracker against two independent witnesses of the same step, and on every device."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn
from torch.distributed._tools.mem_tracker import MemTracker
from torch.profiler import ProfilerActivity, profile, record_function

from tests.bundled import slow
from tests.oracle_memory import measured
from tests.runtime.networks import NETWORKS, graph_of
from tresnet_gen.analysis.memory import replay
from tresnet_gen.analysis.step import Step
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.emitted import network_factory
from tresnet_gen.runtime.storages import LiveStorages, Tracker
from tresnet_gen.runtime.tracker import Run, measure_step, on_device

OPTIMIZERS = ("none", "sgd", "sgd-momentum", "adam", "adamw")
BATCH = 4


def on_cpu(optimizer: str = "sgd-momentum") -> Step:
    return Step(train=True, optimizer=optimizer, device="cpu")


def run_of(graph: Graph, step: Step) -> Run:
    """Return the step of a real network behind its first iteration."""
    run = Run(network_factory(emit(graph)), graph.nodes[0].shape, BATCH, step)
    run.warm_up()
    return run


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [*((name, "adamw") for name in NETWORKS), *(("tresnet", optimizer) for optimizer in OPTIMIZERS[:-1])],
)
def test_peaks_are_those_of_the_allocator(name: str, optimizer: str) -> None:
    """In each phase, for a real step that no dispatch mode watches."""
    graph, step = graph_of(name), on_cpu(optimizer)
    ours = measure_step(network_factory(emit(graph)), graph.nodes[0].shape, BATCH, step)
    theirs = profiled(run_of(graph, step), visible_ops(graph, step))
    assert {event.phase: event.live_bytes - ours.base_bytes for event in ours.peaks} == theirs


@pytest.mark.parametrize("name", ["tresnet_m_abn", *slow("tresnet_m", "resnet50")])
def test_predicted_peaks_are_those_of_the_allocator(name: str) -> None:
    """In each phase of a real step, to the byte: what kernels use inside an op is left out, all else counts."""
    graph, step = build_graph(load_spec(name, ["input.size=64"])), on_cpu("adamw")
    predicted = replay(graph, step).at(BATCH)
    base = predicted.timeline[0].live_bytes
    peaks: dict[str, int] = {}
    for moment in predicted.timeline[1:]:
        peaks[moment.phase] = max(peaks.get(moment.phase, 0), moment.live_bytes - base)
    assert peaks == profiled(run_of(graph, step), visible_ops(graph, step))


@pytest.mark.parametrize("optimizer", ["adam", *slow("sgd-momentum")])
@pytest.mark.parametrize("name", ["tresnet", "resnet", "in-place"])
def test_peak_is_that_of_mem_tracker(name: str, optimizer: str) -> None:
    """MemTracker watches from a dispatch mode, where gradients are not added in place."""
    graph, step = graph_of(name), on_cpu(optimizer)
    factory, image = network_factory(emit(graph)), graph.nodes[0].shape
    ours = measure_step(factory, image, BATCH, step, joins_in_place=False)
    with on_device("cpu"):
        run = run_of(graph, step)
        witness = MemTracker()
        witness.track_external(run.network, run.images, run.labels, *([run.optimizer] if run.optimizer else []))
        with witness:
            held = run.run(lambda phase: None)
    snapshot = witness.get_tracker_snapshot("peak")
    (total,) = [kinds["Total"] for device, kinds in snapshot.items() if device.type == "cpu"]
    assert ours.peak.live_bytes == total
    del held


def test_adding_gradients_in_place_takes_less() -> None:
    graph = graph_of("tresnet")
    factory, image = network_factory(emit(graph)), graph.nodes[0].shape
    apart, together = (measure_step(factory, image, BATCH, on_cpu(), joins_in_place=joins) for joins in (False, True))
    joins = len(apart.timeline) - len(together.timeline)
    assert joins == 7 + 6  # a residual sum in each block, an SE in six of them
    assert sum(event.kernel == "add" for event in apart.timeline if event.phase == "backward") == joins
    assert not any(event.kernel == "add" for event in together.timeline if event.phase == "backward")


def test_a_sum_that_a_function_computes_in_backward_is_no_join() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x + x

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
            return grad + grad

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = Doubled.apply(self.fc(x))
            return logits

    ours = measure_step(Network, (3,), BATCH, on_cpu())
    assert [event.kernel for event in ours.timeline if event.phase == "backward"].count("add") == 1


@pytest.mark.parametrize("name", ["tresnet", "resnet", "checkpointed"])
def test_meta_and_cuda_take_the_same_in_fp32(name: str) -> None:
    """Dropout and the kernels' names aside, what lives is the same."""
    graph = graph_of(name)
    meta, cuda = (measured(graph, Step(train=True, optimizer="adamw", device=d), BATCH) for d in ("meta", "cuda"))
    if name != "resnet":
        assert [(e.phase, e.live_bytes) for e in meta.timeline] == [(e.phase, e.live_bytes) for e in cuda.timeline]
        assert meta.saved == cuda.saved
    assert (meta.base_bytes, meta.gradients_bytes) == (cuda.base_bytes, cuda.gradients_bytes)


@pytest.mark.parametrize("precision", ["amp-fp16", "amp-bf16"])
def test_autocast_keeps_half_on_cuda(precision: str) -> None:
    graph = graph_of("tresnet")
    full, half = (measured(graph, Step(train=True, precision=p, device="cuda"), 64) for p in ("fp32", precision))
    assert full.params_bytes == half.params_bytes
    assert 0.5 < half.saved.activation_bytes / full.saved.activation_bytes < 0.52
    assert any(event.kernel == "_to_copy" for event in half.timeline)


@pytest.mark.parametrize("device", ["cpu", "meta", "cuda"])
def test_inference_keeps_nothing(device: str) -> None:
    ours = measured(graph_of("tresnet"), Step(train=False, device=device), BATCH)
    assert ours.saved.total_bytes == ours.gradients_bytes == ours.optimizer_bytes == 0
    assert {event.phase for event in ours.timeline} == {"forward"}
    assert ours.held_bytes == ours.base_bytes + BATCH * 10 * 4  # the logits


def test_rounding_rounds_each_storage() -> None:
    graph, step = graph_of("tresnet"), Step(train=True, device="meta")
    exact, rounded = (measured(graph, step, BATCH, rounding) for rounding in (1, 512))
    network = network_factory(emit(graph))()
    assert rounded.params_bytes == sum(-(-p.nbytes // 512) * 512 for p in network.parameters())
    assert rounded.gradients_bytes == rounded.params_bytes
    assert rounded.peak.live_bytes % 512 == 0
    assert rounded.peak.live_bytes > exact.peak.live_bytes


def test_views_count_once_and_the_dead_not_at_all() -> None:
    storages = LiveStorages("cpu")
    with Tracker(storages) as tracker:
        tracker.phase = "forward"
        x = torch.zeros(10, 10)
        y = x[:5].t()
        assert storages.live_bytes == 400
        del x
        assert storages.live_bytes == 400
        z = y + 1
        del y
        assert storages.live_bytes == z.nbytes == 200
    assert [(event.kernel, event.live_bytes) for event in tracker.timeline] == [("zeros", 400), ("add", 600)]
    assert tracker.peaks["forward"].live_bytes == 600


# The witness: the allocator's own events of a real step, as torch.profiler reports them.


class Block(NamedTuple):
    """An allocation: its time, its end if it has one, its size, and the op that asked for it with that op's end."""

    start: int
    end: int | None
    nbytes: int
    op_end: int | None

    @property
    def is_tensor(self) -> bool:
        """Whether it is neither workspace, which an op frees before it returns, nor a number on its way into an op."""
        if self.op_end is None:
            return self.nbytes != 8
        return self.end is None or self.end > self.op_end


def visible_ops(graph: Graph, step: Step) -> set[str]:
    """Return the ops of a step that the dispatcher shows to a mode, without those that only make memory."""

    class Names(Tracker):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.add(func._schema.name)
            return func(*args, **(kwargs or {}))

    seen: set[str] = set()
    with on_device("cpu"):
        run = run_of(graph, step)
        with Names(LiveStorages("cpu")):
            run.run(lambda phase: None)
    return {name for name in seen if not name.startswith(("aten::empty", "aten::new_empty"))}


def profiled(run: Run, visible: set[str]) -> dict[str, int]:
    """Return the highest number of bytes of tensors above the start in each phase."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        held = run.run(mark)
    roots = profiler.profiler.kineto_results.experimental_event_tree()
    phases = sorted((event.start_time_ns, event.name[6:]) for event in events(roots) if event.name[:6] == "PHASE ")
    del held
    tensors = [block for block in blocks(roots, visible) if block.is_tensor]
    changes = [(block.start, block.nbytes) for block in tensors]
    changes += [(block.end, -block.nbytes) for block in tensors if block.end is not None]
    peaks, live = defaultdict(int), 0
    for time, nbytes in sorted([*changes, *((start, 0) for start, _ in phases)]):
        live += nbytes
        started = [phase for start, phase in phases if start <= time]
        if started:
            peaks[started[-1]] = max(peaks[started[-1]], live)
    return dict(peaks)


def mark(phase: str) -> None:
    with record_function(f"PHASE {phase}"):
        pass


def events(roots: list[Any]) -> Iterator[Any]:
    for event in roots:
        yield event
        yield from events(event.children)


def blocks(roots: list[Any], visible: set[str]) -> list[Block]:
    """Return the allocations of a step."""
    changes: list[tuple[int, Any, int | None]] = []
    collect(roots, None, visible, lambda *change: changes.append(change))
    alive: dict[int, tuple[int, int, int | None]] = {}
    found = []
    for time, fields, op_end in sorted(changes, key=lambda change: change[0]):
        if fields.alloc_size > 0:
            alive[fields.ptr] = time, fields.alloc_size, op_end
        elif fields.ptr in alive:
            start, nbytes, asked = alive.pop(fields.ptr)
            found.append(Block(start, time, nbytes, asked))
    return found + [Block(start, None, nbytes, asked) for start, nbytes, asked in alive.values()]


def collect(roots: list[Any], op_end: int | None, visible: set[str], found: Callable[..., None]) -> None:
    """Report time, fields and the end of the innermost visible op of every change in memory."""
    for event in roots:
        if event.tag.name == "Allocation":
            found(event.start_time_ns, event.extra_fields, op_end)
        collect(event.children, event.end_time_ns if event.name in visible else op_end, visible, found)
