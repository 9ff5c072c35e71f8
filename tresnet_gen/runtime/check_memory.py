"""The memory that a module takes held against the replay of its graph."""

from collections.abc import Iterator, Mapping, Sequence

import torch

from tresnet_gen.analysis.memory import Memory, Moment, Step, replay
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime import claims
from tresnet_gen.runtime.claims import Claim
from tresnet_gen.runtime.lowering import lower
from tresnet_gen.runtime.observe import saved_by_layer
from tresnet_gen.runtime.storages import Event
from tresnet_gen.runtime.subject import Subject
from tresnet_gen.runtime.tracker import Measured, measure_step, on_device


def check_training(subject: Subject) -> Iterator[Claim]:
    """Yield the claims about the memory of a training step."""
    step = Step(train=True, device="cuda" if torch.cuda.is_available() else subject.device)
    memory, measured = _memory(subject, step)
    for what, predicted, seen in _memory_figures(memory, measured):
        yield claims.figure(f"training: {what}", predicted, seen)
    yield from _steps("training", memory, measured)


def check_inference(subject: Subject) -> Iterator[Claim]:
    """Yield the claims about the memory of inference."""
    # On meta, batch norm puts out statistics in eval mode too.
    step = Step(train=False, device="cuda" if torch.cuda.is_available() else "cpu")
    yield from _steps("inference", *_memory(subject, step))


def _memory(subject: Subject, step: Step) -> tuple[Memory, Measured]:
    memory = replay(subject.graph, step).at(subject.batch)
    return memory, measure_step(subject.factory, subject.image, subject.batch, step)


def _memory_figures(memory: Memory, measured: Measured) -> Iterator[tuple[str, int, int]]:
    yield "parameter bytes", memory.params_bytes, measured.params_bytes
    yield "buffer bytes", memory.buffers_bytes, measured.buffers_bytes
    yield "input bytes", memory.input_bytes, measured.input_bytes
    yield "gradient bytes", memory.gradients_bytes, measured.gradients_bytes
    yield "optimizer bytes", memory.optimizer_bytes, measured.optimizer_bytes
    yield "bytes held for backward", memory.held_bytes, measured.held_bytes
    yield "saved bytes", memory.saved_bytes, measured.saved.total_bytes
    yield "saved activation bytes", memory.saved_activation_bytes, measured.saved.activation_bytes


def _steps(name: str, memory: Memory, measured: Measured) -> Iterator[Claim]:
    """Yield the claims of the live bytes behind every op that allocates, and of their peak."""
    predicted, seen = [moment for moment in memory.timeline if moment.kernel], measured.timeline
    yield Claim(f"{name}: ops that allocate", len(predicted), len(seen), _first_step(predicted, seen))
    where = f"behind {measured.peak.kernel}, {measured.peak.phase}: "
    yield claims.figure(f"{name}: peak bytes", memory.peak_bytes, measured.peak.live_bytes, where)


def _first_step(predicted: Sequence[Moment], measured: Sequence[Event]) -> str:
    """Return where the live bytes differ first."""
    for said, seen in zip(predicted, measured, strict=False):
        place = f"{said.layer}, {said.phase}"
        if (said.phase, _generic(said.kernel)) != (seen.phase, _generic(seen.kernel)):
            return f"{place}: {seen.kernel} ({seen.phase}) allocates, predicted {said.kernel}"
        if said.live_bytes != seen.live_bytes:
            return f"{place}: {seen.live_bytes:,} bytes live behind {said.kernel}, predicted {said.live_bytes:,}"
    if len(predicted) == len(measured):
        return ""
    return f"{len(measured):,} ops allocate, predicted {len(predicted):,}"


def _generic(kernel: str) -> str:
    """Return a kernel's name without the library that batch norm runs in."""
    return kernel.removeprefix("native_").removeprefix("cudnn_") if "batch_norm" in kernel else kernel


def check_saved_layers(subject: Subject) -> Iterator[Claim]:
    """Yield the claim about what each layer keeps for backward."""
    layers = [call.place for call in lower(subject.graph, subject.batch, train=True).calls]
    memory = replay(subject.graph, Step(train=True, device=subject.device)).at(subject.batch)
    with on_device(subject.device):
        network, images = subject.make()
        measured = saved_by_layer(network, images, torch.zeros(subject.batch, dtype=torch.int64), layers)
    predicted, found = _by_checkpoint(subject.graph, memory.layers), _by_checkpoint(subject.graph, measured)
    yield claims.figures("training: layers that save", predicted, found, "bytes saved")


def _by_checkpoint(graph: Graph, layers: Mapping[str, int]) -> dict[str, int]:
    """Return the layers that save anything; those of a checkpointed block together."""
    blocks: dict[str, str] = {}
    if graph.spec.checkpoint:
        blocks = {node.name: block.name for block in graph.blocks for node in graph.nodes[block.start : block.stop]}
    found: dict[str, int] = {}
    for layer, nbytes in layers.items():
        if nbytes:
            name = blocks.get(layer, layer)
            found[name] = found.get(name, 0) + nbytes
    return found
