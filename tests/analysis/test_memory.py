"""Predicted memory is what torch's own tensors take, to the byte, kernel by kernel."""

import itertools
import random

import pytest

from tests.bundled import each_kind_first, slow
from tests.drawn import TALLY, sample, spec_texts
from tests.oracle_memory import measured
from tresnet_gen.analysis import devices
from tresnet_gen.analysis.memory import RESERVE_BYTES, Replay, replay
from tresnet_gen.analysis.step import OPTIMIZERS, PRECISIONS, Step
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.tape import Tape

# Four networks of few blocks: all stems, blocks, norms and activations that the bundled specs have.
SMALL = {
    "tresnet": ("tresnet_m", "stages.0.depth=2", "stages.1.depth=1", "stages.2.depth=2", "stages.3.depth=1"),
    "tresnet_abn": ("tresnet_m_abn", "stages.0.depth=2", "stages.1.depth=1", "stages.2.depth=2", "stages.3.depth=1"),
    "resnet": ("resnet50", "stages.0.depth=2", "stages.1.depth=1", "stages.2.depth=1", "stages.3.depth=2"),
    "checkpointed": ("tresnet_m", "checkpoint=block", "stages.1.depth=2", "stages.2.depth=2", "head.dropout=0.1"),
}
# Small networks of what no bundled spec has.
WRITTEN = {
    "fused": """\
name: fused
input: {size: [20, 24]}
act: {type: silu}
stem: {type: conv, kernel: 3, stride: 2, width: 8, pool: max}
stages:
  - {block: fused_inverted_residual, depth: 2, width: 9, expansion: 1}
  - {block: fused_inverted_residual, depth: 3, width: 12, stride: 2, se: {ratio: 4, of: input, gate: hard_sigmoid}}
  - {block: basic, depth: 2, width: 16, shortcut: conv, act: {type: relu}, se: {ratio: 2, of: input}}
head: {hidden: 5, dropout: 0.2}
num_classes: 3
""",
    "mixed": """\
name: mixed
input: {size: 17}
act: {type: hard_swish}
stem: {type: deep, widths: [4, 6], pool: max}
stages:
  - {block: depthwise_separable, depth: 2, width: 6, kernel: [3, 5], se: {ratio: 2, of: hidden, act: {type: relu6}}}
  - {block: inverted_residual, depth: 3, width: 8, stride: 2, kernel: [3, 5, 7], expand_groups: 2, project_groups: 2}
  - {block: bottleneck, depth: 2, width: 4, expansion: 3, groups: 2, stride: 2, aa: true, se: {ratio: 2, of: input}}
  - {block: bottleneck, depth: 2, width: 4, stride: 2, se: {ratio: 2, of: hidden, site: output, round_to: 2}}
head: {width: 7}
""",
    "in_place": """\
name: in_place
input: {size: 8}
norm: {type: inplace_abn}
act: {type: leaky_relu, slope: 0.001}
stem: {type: space_to_depth, width: 4}
stages:
  - {block: basic, depth: 2, width: 4}
  - {block: basic, depth: 1, width: 4, stride: 2}
  - {block: fused_inverted_residual, depth: 1, width: 4, stride: 2}
  - {block: fused_inverted_residual, depth: 3, width: 4}
  - {block: depthwise_separable, depth: 3, width: 4}
""",
    "shuffled": """\
name: shuffled
input: {size: [8, 4], channels: 1}
stem: {type: space_to_depth, block_size: 4, width: 2, kernel: 1}
stages:
  - {block: shuffle_unit, depth: 2, width: 2, stride: 1}
  - {block: shuffle_unit, depth: 3, width: 8, stride: 2}
""",
}
STEPS = [
    *(Step(True, precision, optimizer) for precision in PRECISIONS for optimizer in ("sgd-momentum", "adamw")),
    *(Step(False, precision) for precision in PRECISIONS),
]


WRITTEN_STEPS = [
    (Step(True, "fp32", "sgd"), "null"),
    *((Step(True, "amp-fp16", "adam"), checkpoint) for checkpoint in ("null", "block")),
    (Step(False, "amp-bf16"), "null"),
]


def graph_of(name: str, *overrides: str) -> Graph:
    written = WRITTEN.get(name)
    return build_graph(parse_spec(written, overrides=overrides) if written else load_spec(name, overrides))


def assert_as_torch_says(graph: Graph, step: Step, batch: int, rounding: int = 1) -> None:
    predicted, torch_says = replay(graph, step).at(batch, rounding), measured(graph, step, batch, rounding)
    kernels = [(moment.phase, moment.live_bytes) for moment in predicted.timeline if moment.kernel]
    assert kernels == [(event.phase, event.live_bytes) for event in torch_says.timeline]
    assert predicted.peak_bytes == torch_says.peak.live_bytes
    assert predicted.held_bytes == torch_says.held_bytes
    assert predicted.params_bytes == torch_says.params_bytes
    assert predicted.buffers_bytes == torch_says.buffers_bytes
    assert predicted.input_bytes == torch_says.input_bytes
    assert predicted.gradients_bytes == torch_says.gradients_bytes
    assert predicted.optimizer_bytes == torch_says.optimizer_bytes
    if not graph.spec.checkpoint and rounding == 1:  # a checkpointed block's own hooks take its saved tensors
        assert predicted.saved_bytes == torch_says.saved.total_bytes
        assert predicted.saved_activation_bytes == torch_says.saved.activation_bytes


@pytest.mark.parametrize("name", each_kind_first())
def test_bundled_specs(name: str) -> None:
    assert_as_torch_says(graph_of(name), Step(True, "amp-fp16", "sgd-momentum"), 8)


@pytest.mark.parametrize("batch", [8, *slow(1, 64)])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{'train' if step.train else 'infer'}-{step.precision}")
@pytest.mark.parametrize("name", SMALL)
def test_all_options(name: str, step: Step, batch: int) -> None:
    assert_as_torch_says(graph_of(*SMALL[name], "input.size=96"), step, batch)


@pytest.mark.parametrize(("step", "checkpoint"), WRITTEN_STEPS)
@pytest.mark.parametrize("name", WRITTEN)
def test_what_no_bundled_spec_has(name: str, step: Step, checkpoint: str) -> None:
    assert_as_torch_says(graph_of(name, f"checkpoint={checkpoint}"), step, 3)


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_and_devices(optimizer: str, device: str) -> None:
    graph = graph_of(*SMALL["tresnet"], "head.dropout=0.2", "input.size=[100, 92]")
    assert_as_torch_says(graph, Step(True, "fp32", optimizer, device), 4)


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_inference_on_devices(device: str) -> None:
    assert_as_torch_says(graph_of("fused"), Step(False, "fp32", "none", device), 4)


@pytest.mark.parametrize("step", STEPS[::2])
def test_rounded_as_the_allocator_does(step: Step) -> None:
    assert_as_torch_says(graph_of(*SMALL["tresnet"], "input.size=72"), step, 3, 512)


def test_drawn_specs() -> None:
    choose = random.Random(1)
    for text in sample(spec_texts(), 20):
        graph = build_graph(parse_spec(text))
        step = choose.choice(STEPS)
        assert_as_torch_says(graph, step, choose.choice((2, 3, 7)))
        TALLY["steps whose memory torch confirmed"] += 1


# The figures hold together.


@pytest.mark.parametrize("step", STEPS)
def test_saved_bytes_add_up(step: Step) -> None:
    graph = graph_of("tresnet_m")
    memory = replay(graph, step).at(4)
    assert sum(memory.layers.values()) == memory.saved_bytes
    assert set(memory.layers) <= {*(node.name for node in graph.nodes), "loss"}
    assert memory.peak_bytes == max(moment.live_bytes for moment in memory.timeline)
    assert bool(memory.saved_bytes) == step.train


@pytest.mark.parametrize("rounding", [1, 512])
@pytest.mark.parametrize("step", STEPS[::3])
def test_largest_batch_fits_and_the_next_does_not(step: Step, rounding: int) -> None:
    replayed = replay(graph_of("tresnet_m"), step)
    for limit in (replayed.peak_bytes(1, rounding) - 1, replayed.peak_bytes(1, rounding), 3 << 30, 11 << 30):
        batch = replayed.largest_batch(limit, rounding)
        assert isinstance(batch, int)
        assert not batch or replayed.peak_bytes(batch, rounding) <= limit
        assert replayed.peak_bytes(batch + 1, rounding) > limit


def test_memory_below_the_reserve() -> None:
    assert replay(graph_of("fused"), Step(True)).max_batch(1 << 30) == (0, 0, 0)


@pytest.mark.parametrize(
    ("own", "reserves"),
    [
        (None, (4_000_000_000, 3_100_000_000, 2_500_000_000)),  # as docs/memory.md says
        (2_000_000_000, (4_000_000_000, 2_000_000_000, 2_000_000_000)),
        (5_000_000_000, (5_000_000_000, 5_000_000_000, 2_500_000_000)),
    ],
)
def test_the_largest_batch_leaves_a_reserve(own: int | None, reserves: tuple[int, ...]) -> None:
    replayed = replay(graph_of("fused"), Step())
    (image,) = {replayed.peak_bytes(batch + 1) - replayed.peak_bytes(batch) for batch in (1, 2)}
    fixed = replayed.peak_bytes(1) - image
    for spare in (0, 1):  # a byte less than what two images need, and just so many
        for reserve, position in zip(reserves, range(3), strict=True):
            memory = reserve + fixed + 2 * image - 1 + spare
            assert replayed.max_batch(memory, reserve_bytes=own)[position] == 1 + spare


def test_nothing_is_rounded_unless_asked_for() -> None:
    replayed = replay(graph_of("fused"), Step(True, "fp32", device="cuda"))  # the mask of 5 features has odd sizes
    assert replayed.at(3) == replayed.at(3, 1) != replayed.at(3, 2)
    assert replayed.peak_bytes(3) == replayed.at(3).peak_bytes
    assert replayed.peak_bytes(3, 2) == replayed.at(3, 2).peak_bytes
    tape = Tape(train=False, half=False, native_norm=False, fused_dropout=False)
    tape.new((3,), 1)
    tape.mark("three bytes")
    assert [Replay(tape).peak_bytes(1), Replay(tape).peak_bytes(1, 2)] == [3, 4]
    assert [Replay(tape).largest_batch(9), Replay(tape).largest_batch(9, 2)] == [3, 2]
    assert Replay(tape).max_batch(9, reserve_bytes=0).typical == 3
    limit = replayed.peak_bytes(9, 1 << 20)
    assert replayed.largest_batch(limit) == replayed.largest_batch(limit, 1) > replayed.largest_batch(limit, 1 << 20)
    assert replayed.largest_batch(limit, 1 << 40) == 0
    assert replayed.max_batch(limit, reserve_bytes=0) == replayed.max_batch(limit, 1, 0)


def test_moments_in_words() -> None:
    words = [moment.text for moment in replay(graph_of("fused"), Step(True)).at(1).timeline]
    assert words[:2] == ["start of forward", "forward, body.conv1.conv: convolution"]


def test_gpus() -> None:
    sheets = [devices.gpu(name) for name in devices.names()]
    assert len(sheets) >= 10
    assert all(sheet.title.startswith("NVIDIA") and sheet.memory_bytes >= 8 << 30 for sheet in sheets)


# Published largest batches: https://github.com/Alibaba-MIIL/TResNet and table 3 of arXiv 2003.13630; V100, 16 GB,
# mixed precision, in-place ABN in the TResNets.
PUBLISHED = {"resnet50": 288, "tresnet_m_abn": 512, "tresnet_l_abn": 316, "tresnet_xl_abn": 240, "efficientnet_b1": 196}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_largest_batches(name: str) -> None:
    step = Step(True, "amp-fp16", "sgd-momentum")
    v100 = devices.gpu("v100-16gb")
    fit = replay(graph_of(name), step).max_batch(v100.memory_bytes, reserve_bytes=v100.reserve_bytes)
    assert abs(fit.typical / PUBLISHED[name] - 1) <= 0.06
    assert fit.low <= PUBLISHED[name] <= fit.high
    assert fit.low < fit.typical < fit.high
    assert list(RESERVE_BYTES.values()) == sorted(RESERVE_BYTES.values(), reverse=True)


def test_bytes_are_affine_in_the_batch() -> None:
    replayed = replay(graph_of("tresnet_m"), Step(True, "amp-fp16", "sgd-momentum"))
    peaks = [replayed.peak_bytes(batch) for batch in range(64, 256, 32)]
    assert len({b - a for a, b in itertools.pairwise(peaks)}) == 1


def test_no_batch_fits_below_what_every_batch_takes() -> None:
    replayed = replay(graph_of("fused"), Step())
    assert replayed.largest_batch(replayed.peak_bytes(0) - 1) == 0
