"""Predicted throughput: work counted by hand, published measurements, and laws that any prediction keeps."""

import math
import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given

from tests.cli.running import tool
from tests.drawn import spec_texts
from tests.oracle import build_graph_of
from tresnet_gen.analysis import devices, throughput
from tresnet_gen.analysis.throughput_terms import COMPUTE, OVERHEAD, terms
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.graph import ops
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops.work import QUANTITIES, padded
from tresnet_gen.resources import bundled_specs

TERMS = terms()
FULL = ("rtx3090", "rtx4090", "rtx-pro-6000-maxq")


def graph_of(name: str, *overrides: str) -> Graph:
    return build_graph(load_spec(name, overrides))


def rate(graph: Graph, gpu: str, mode: str = "infer nchw") -> float:
    return throughput.predict(graph, devices.gpu(gpu), mode).images_per_s


# Work, counted by hand for feature maps of 56 x 56 = 3136 pixels, 2 bytes an element.


@pytest.mark.parametrize(
    ("op", "inputs", "work"),
    [
        (
            ops.Conv2d(64, 128, 3),
            [(64, 56, 56)],
            {
                "spatial_macs": 3136 * 64 * 128 * 9,
                "spatial_read": 2 * 64 * 3136,
                "spatial_written": 2 * 128 * 3136,
                "narrow_macs": 3136 * 128,
            },
        ),
        (
            ops.Conv2d(64, 76, 1),
            [(64, 56, 56)],
            {
                "pointwise_macs": 3136 * 64 * 128,  # one tile of 128 channels holds the 76
                "pointwise_read": 2 * 64 * 3136,
                "pointwise_written": 2 * 76 * 3136,
                "narrow_macs": 3136 * 76,
                "ragged_bytes": 2 * 140 * 3136,
                "narrow_ragged_bytes": 2 * 140 * 3136,
            },
        ),
        (
            ops.Conv2d(96, 96, 5, 1, 96),
            [(96, 56, 56)],
            {"depthwise_macs": 3136 * 96 * 25, "depthwise_bytes": 2 * 2 * 96 * 3136},
        ),
        (
            ops.Conv2d(128, 128, 3, 2, 32),
            [(128, 56, 56)],
            {"grouped_macs": 784 * 128 * 4 * 9, "grouped_bytes": 2 * 128 * (3136 + 784)},
        ),
        (
            ops.Conv2d(96, 96, 3, 1, 4),
            [(96, 56, 56)],
            {"odd_grouped_macs": 3136 * 96 * 24 * 9, "odd_grouped_bytes": 2 * 2 * 96 * 3136},
        ),
        (
            ops.Conv2d(3, 64, 7, 2),
            [(3, 224, 224)],
            {"stem_macs": 112 * 112 * 64 * 3 * 49, "stem_bytes": 2 * 64 * 112 * 112},
        ),
        (ops.Conv2d(256, 64, 1, bias=True), [(256, 1, 1)], {}),
        (ops.BatchNorm(64), [(64, 56, 56)], {"norm_bytes": 2 * 2 * 64 * 3136}),
        (ops.Activation("relu"), [(64, 56, 56)], {"act_bytes": 2 * 2 * 64 * 3136}),
        (
            ops.Activation("silu"),
            [(64, 56, 56)],
            {"act_bytes": 2 * 2 * 64 * 3136, "sigmoid_bytes": 2 * 64 * 3136},
        ),
        (
            ops.Activation("hard_swish"),
            [(64, 56, 56)],
            {"act_bytes": 2 * 2 * 64 * 3136, "sigmoid_bytes": 2 * 64 * 3136},
        ),
        (ops.Add(), [(64, 56, 56), (64, 56, 56)], {"add_bytes": 3 * 2 * 64 * 3136}),
        (ops.Scale(), [(64, 56, 56), (64, 1, 1)], {"scale_bytes": 2 * 2 * 64 * 3136}),
        (ops.MaxPool(), [(64, 112, 112)], {"max_pool_bytes": 2 * 64 * (112 * 112 + 3136)}),
        (
            ops.BlurPool(64),
            [(64, 56, 56)],
            {
                "pad_bytes": 2 * 64 * (3136 + 58 * 58),
                "blur_bytes": 2 * 64 * (58 * 58 + 784),
                "strided_depthwise_bytes": 2 * 64 * (58 * 58 + 784),
                "depthwise_macs": 64 * 784 * 9,
            },
        ),
        (
            ops.Conv2d(64, 96, 1, groups=2),  # a convolution for each half, and copies around them
            [(64, 56, 56)],
            {
                "pointwise_macs": 3136 * 96 * 32 * 64 * 1.15 / 48,
                "pointwise_read": 2 * 64 * 3136,
                "pointwise_written": 2 * 96 * 3136,
                "narrow_macs": 3136 * 96,
                "split_bytes": 2 * 2 * 160 * 3136,
            },
        ),
        (
            ops.Conv2d(256, 256, 3),  # a dot product of 256 * 9 > 2048 numbers fills its tiles
            [(256, 56, 56)],
            {
                "spatial_macs": 3136 * 256 * 256 * 9,
                "spatial_read": 2 * 256 * 3136,
                "spatial_written": 2 * 256 * 3136,
                "narrow_macs": 3136 * 256 * 256 * 9 / 2048,
            },
        ),
        (
            ops.Conv2d(12, 128, 1),  # ragged by its input
            [(12, 56, 56)],
            {
                "pointwise_macs": 3136 * 12 * 128,
                "pointwise_read": 2 * 12 * 3136,
                "pointwise_written": 2 * 128 * 3136,
                "narrow_macs": 3136 * 128,
                "ragged_bytes": 2 * 140 * 3136,
                "narrow_ragged_bytes": 2 * 140 * 3136,
            },
        ),
        (
            ops.Conv2d(5, 128, 1),  # no stem
            [(5, 56, 56)],
            {
                "pointwise_macs": 3136 * 5 * 128,
                "pointwise_read": 2 * 5 * 3136,
                "pointwise_written": 2 * 128 * 3136,
                "narrow_macs": 3136 * 128,
                "ragged_bytes": 2 * 133 * 3136,
                "narrow_ragged_bytes": 2 * 133 * 3136,
            },
        ),
        (
            ops.Conv2d(64, 250, 1),  # narrow on one side
            [(64, 56, 56)],
            {
                "pointwise_macs": 3136 * 64 * 256,
                "pointwise_read": 2 * 64 * 3136,
                "pointwise_written": 2 * 250 * 3136,
                "narrow_macs": 3136 * 250,
                "ragged_bytes": 2 * 314 * 3136,
                "narrow_ragged_bytes": 2 * 314 * 3136,
            },
        ),
        (
            ops.Conv2d(128, 250, 1),  # ragged on one side, and not narrow
            [(128, 56, 56)],
            {
                "pointwise_macs": 3136 * 128 * 256,
                "pointwise_read": 2 * 128 * 3136,
                "pointwise_written": 2 * 250 * 3136,
                "narrow_macs": 3136 * 250,
                "ragged_bytes": 2 * 378 * 3136,
            },
        ),
        (
            ops.Conv2d(96, 96, 5, 2, 96),
            [(96, 56, 56)],
            {"depthwise_macs": 784 * 96 * 25, "strided_depthwise_bytes": 2 * 96 * (3136 + 784)},
        ),
        (
            ops.Conv2d(2, 2, 3, 1, 2),
            [(2, 56, 56)],
            {"depthwise_macs": 3136 * 2 * 9, "depthwise_bytes": 2 * 2 * 2 * 3136},
        ),
        (
            ops.Conv2d(232, 232, 3),
            [(232, 5, 5)],
            {
                "spatial_macs": 25 * 232 * 256 * 9,
                "spatial_read": 2 * 232 * 25,
                "spatial_written": 2 * 232 * 25,
                "narrow_macs": 25 * 232 * 232 * 9 / 2048,  # no whole number
            },
        ),
        (ops.Conv2d(1, 8, 1), [(1, 56, 56)], {"stem_macs": 3136 * 8, "stem_bytes": 2 * 8 * 3136}),
        (ops.Conv2d(4, 8, 1), [(4, 56, 56)], {"stem_macs": 3136 * 32, "stem_bytes": 2 * 8 * 3136}),
        (ops.Activation("relu"), [(64, 1, 1)], {}),
        (ops.InPlaceABN(64, 1e-2), [(64, 56, 56)], {"inplace_norm_bytes": 2 * 2 * 64 * 3136}),
        (ops.AvgPool(), [(64, 56, 56)], {"avg_pool_bytes": 2 * 64 * (3136 + 784)}),
        (ops.GlobalMean(keepdim=True), [(64, 56, 56)], {"mean_bytes": 2 * 64 * (3136 + 1)}),
        (ops.SpaceToDepth(4), [(3, 224, 224)], {"copy_bytes": 2 * 2 * 3 * 224 * 224}),
        (ops.Part((24, 40), 1), [(64, 56, 56)], {"split_bytes": 2 * 2 * 40 * 3136}),
        (ops.Concat(64), [(24, 56, 56), (40, 56, 56)], {"copy_bytes": 2 * 2 * 64 * 3136}),
        (ops.ChannelShuffle(2), [(64, 56, 56)], {"copy_bytes": 2 * 2 * 64 * 3136}),
        (ops.Sigmoid(), [(64, 1, 1)], {}),
    ],
    ids=lambda value: value.kind if isinstance(value, ops.Op) else "",
)
def test_work_by_hand(op: ops.Op, inputs: list[ops.Shape], work: ops.Work) -> None:
    assert op.work(inputs, op.output(inputs[0])) == work


def test_groups_that_have_kernels_of_their_own() -> None:
    specialised = set()
    for channels in range(1, 200):
        convolution = ops.Conv2d(2 * channels, 2 * channels, 3, groups=2)
        shape = (2 * channels, 7, 7)
        specialised |= {channels} if "grouped_macs" in convolution.work([shape], shape) else set()
    assert specialised == {4, 8, 16, 32, 64, 128}


def test_narrow_is_below_128_channels() -> None:
    ragged = {width: ops.Conv2d(width, 250, 1).work([(width, 7, 7)], (250, 7, 7)) for width in (127, 128)}
    assert ["narrow_ragged_bytes" in work for work in ragged.values()] == [True, False]


def test_tiles_pad_output_channels() -> None:
    assert [padded(c, c) for c in (256, 128, 64, 48, 32)] == [256, 128, 64 * 1.15, 64 * 1.15, 48]
    assert padded(1000 * 83, 83) == 1000 * 128


def test_a_compiled_network_fuses_pointwise_ops() -> None:
    """conv -> bn -> relu -> conv -> bn -> (+ x) -> relu: each relu ahead of a conv reaches memory."""
    text = "{name: n, input: {size: 8}, stem: {type: conv, kernel: 3, stride: 1, width: 16}, "
    graph = build_graph(parse_spec(text + "stages: [{block: basic, depth: 1, width: 16}]}"))
    image = 2 * 16 * 64
    found = {
        node.name: work["fused_bytes"]
        for node, work in zip(graph.nodes, throughput.works(graph, "infer compile"), strict=True)
        if work.get("fused_bytes") is not None
    }
    assert found == {
        "body.conv1.bn": image,
        "body.conv1.act": image,
        "body.layer1.0.conv1.bn": image,
        "body.layer1.0.conv1.act": image,
        "body.layer1.0.conv2.bn": image,
        "body.layer1.0.add": image,
        "body.layer1.0.relu": 0,  # the mean behind it takes it from the same kernel
    }


# The model.


@given(text=spec_texts())
def test_every_op_speaks_of_known_quantities(text: str) -> None:
    graph = build_graph_of(text)
    for mode in TERMS:
        for work in throughput.works(graph, mode):
            assert set(work) <= set(QUANTITIES)
            assert all(amount >= 0 for amount in work.values())


def test_every_quantity_has_a_price_somewhere() -> None:
    priced = {name for terms in TERMS.values() for weights in terms.values() for name in weights}
    assert priced == set(QUANTITIES)
    assert all(len(terms) <= 8 for terms in TERMS.values())
    assert all(set(terms) >= COMPUTE | OVERHEAD for terms in TERMS.values())


@pytest.mark.parametrize("mode", TERMS)
def test_layers_add_up(mode: str) -> None:
    found = throughput.predict(graph_of("tresnet_m"), devices.gpu("rtx4090"), mode)
    assert sum(part.seconds for part in found.layers) == pytest.approx(1 / found.images_per_s)
    assert sum(part.seconds for part in found.stages) == pytest.approx(1 / found.images_per_s)
    assert [stage.name for stage in found.stages] == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]


@pytest.mark.parametrize("mode", TERMS)
@pytest.mark.parametrize("gpu", devices.names())
def test_more_work_takes_longer(gpu: str, mode: str) -> None:
    base = rate(graph_of("tresnet_m"), gpu, mode)
    for edit in ("stages.2.depth=12", "input.size=256", "stages.3.width=640"):
        assert rate(graph_of("tresnet_m", edit), gpu, mode) < base
    assert rate(graph_of("tresnet_m", "stages.1.aa=false"), gpu, mode) > base
    assert rate(graph_of("tresnet_m", "stages.0.se=null"), gpu, mode) > base


@pytest.mark.parametrize("spec", bundled_specs())
def test_every_bundled_spec_has_a_rate(spec: str) -> None:
    assert 10 < rate(graph_of(spec), "rtx3090") < 50_000


# Published rates that no fit has seen: rows of the TResNet paper (https://arxiv.org/abs/2003.13630, tables 1, 3 and 4,
# V100 16 GB) that the calibration table does not hold.

PAPER = [
    *(("resnet50d", "infer nchw", 2670), ("seresnext50_32x4d", "infer nchw", 1770), ("mixnet_l", "infer nchw", 1400)),
    *(("efficientnet_b1", "infer nchw", 2740), ("tresnet_xl_abn", "infer nchw", 1060)),
    *(("resnet50d", "train nchw", 600), ("seresnext50_32x4d", "train nchw", 400), ("mixnet_l", "train nchw", 400)),
    *(("efficientnet_b1", "train nchw", 480), ("tresnet_xl_abn", "train nchw", 250)),
]
ABLATION = {"ablation_s2d": 2950, "ablation_blocks": 3320, "ablation_abn": 3470, "ablation_se": 3280}


def test_unseen_rows_of_the_paper() -> None:
    errors = [abs(rate(graph_of(name), "v100-16gb", mode) / published - 1) for name, mode, published in PAPER]
    assert sum(errors) / len(errors) < 0.12
    assert max(errors) < 0.20


def test_the_ablation_of_the_paper() -> None:
    for name, published in ABLATION.items():
        assert rate(graph_of(name), "v100-16gb") == pytest.approx(published, rel=0.08), name


def test_flops_do_not_tell_what_the_model_tells() -> None:
    """EfficientNet-B1 has a sixth of ResNet-50's MACs and runs no faster: 2740 to 2830 images/s."""
    assert 0.8 < rate(graph_of("efficientnet_b1"), "v100-16gb") / rate(graph_of("resnet50"), "v100-16gb") < 1.1


# Device files.


@pytest.mark.parametrize("name", devices.names())
def test_device_files(name: str) -> None:
    gpu = devices.gpu(name)
    sheet = yaml.safe_load((Path(devices.FOLDER) / f"{name}{devices.SUFFIX}").read_text())
    assert not gpu.like or devices.gpu(gpu.like).modes
    for mode, found in gpu.modes.items():
        assert found.error.low <= 1 <= found.error.high
        assert len(sheet["modes"][mode].get("prices", {})) <= 8
        assert sheet["source"]["table_sha256"] == source()["table_sha256"]
    for mode in TERMS:
        prices = throughput.prices_of(gpu, mode)
        assert set(prices.seconds) == set(TERMS[mode])
        assert 0 < prices.error.low <= 1 <= prices.error.high


def source() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load(Path(devices.TRANSFER).read_text())["source"]
    assert re.fullmatch("[0-9a-f]{64}", found["table_sha256"])
    return found


def test_recorded_errors_keep_what_the_documentation_promises() -> None:
    limits = {"infer nchw": 4.0, "infer nhwc": 5.5, "infer compile": 5.5, "train nchw": 7.0}
    for mode, limit in limits.items():
        errors = [gpu.modes[mode].error.pct for gpu in map(devices.gpu, FULL) if mode in gpu.modes]
        assert errors
        assert sum(errors) / len(errors) <= limit


def test_what_errs_far_more_says_so() -> None:
    plain, grouped = (
        throughput.predict(graph_of(name), devices.gpu("rtx3090"), "train nhwc").error
        for name in ("resnet50", "resnext50_32x4d")
    )
    assert plain.pct < 10 < 20 < grouped.pct
    assert grouped.low < plain.low
    assert plain.high <= grouped.high


@pytest.mark.parametrize("gpu", FULL)
def test_prices_keep_within_the_data_sheet(gpu: str) -> None:
    """No convolution runs faster than 1 / 0.7 of the peak."""
    sheet = devices.gpu(gpu)
    assert sheet.modes["infer nchw"].prices["macs"] >= 0.699 / (sheet.tensor_tflops * 0.5e12)
    assert sheet.modes["infer nchw"].prices["elementwise"] >= 0.699 / (sheet.bandwidth_gb_s * 1e9)


def test_a_gpu_without_measurements_borrows_by_its_data_sheet(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    sheet = devices.gpu("rtx4090")
    path.write_text(
        f"{{title: twice, memory_gib: 24, tensor_tflops: {2 * sheet.tensor_tflops}, "
        f"bandwidth_gb_s: {2 * sheet.bandwidth_gb_s}, like: rtx4090}}"
    )
    graph = graph_of("resnet50")
    one = throughput.predict(graph, sheet, "infer nchw").total
    other = throughput.predict(graph, devices.load(str(path), "twice"), "infer nchw")
    assert other.basis == throughput.DATA_SHEET
    assert other.total.compute_s == pytest.approx(one.compute_s / 2)
    assert other.total.memory_s == pytest.approx(one.memory_s / 2)
    assert other.total.overhead_s == pytest.approx(one.overhead_s)


@pytest.mark.parametrize(("lender", "gpu", "halved"), [("rtx4090", "h100", True), ("rtx-pro-6000-maxq", "h100", False)])
def test_compute_is_lent_by_the_peak_with_sums_in_fp16(lender: str, gpu: str, halved: bool) -> None:
    """A GeForce reaches its peak with sums in FP32, half of the other; other cards have one peak and reach half."""
    one, other = devices.gpu(lender), devices.gpu(gpu)
    price = throughput.lent(one, other, "infer nchw")["macs"]
    by_fp32 = one.modes["infer nchw"].prices["macs"] * one.tensor_tflops / other.tensor_tflops
    assert price == pytest.approx(by_fp32 * (2 if halved else 1), rel=2e-3)


def test_what_was_measured_in_other_modes_is_carried_over() -> None:
    """The V100 was slower than its data sheet in every mode that was measured, and so will it be compiled."""
    gpu = devices.gpu("v100-16gb")
    factors = [gpu.modes[mode].factors["others"] for mode in ("infer nchw", "infer nhwc", "train nchw", "train nhwc")]
    mean = math.prod(factors) ** 0.25
    found, bare = (throughput.prices_of(one, "infer compile") for one in (gpu, gpu._replace(modes={}, like="")))
    assert found.basis == throughput.DATA_SHEET
    assert found.error == devices.transfer()[throughput.DATA_SHEET]
    assert found.seconds["elementwise"] == pytest.approx(mean * bare.seconds["elementwise"])


@pytest.mark.parametrize("mode", TERMS)
def test_a_card_of_another_memory_is_as_fast(mode: str) -> None:
    one, other = (throughput.prices_of(devices.gpu(name), mode) for name in ("v100-16gb", "v100-32gb"))
    assert (other.seconds, other.basis) == (one.seconds, throughput.DATA_SHEET)


LEGAL = {"title": "t", "memory_gib": 8, "tensor_tflops": 10, "bandwidth_gb_s": 100}
BAND = {"error_pct": 5, "low": 0.9, "high": 1.1}


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ([], "a device is a mapping"),
        ({}, "`title` must be a text; `memory_gib` must be a number above 0"),
        ({**LEGAL, "memory_gib": True}, "`memory_gib` must be a number above 0"),
        ({**LEGAL, "tensor_tflops": float("nan")}, "`tensor_tflops` must be a number above 0"),
        ({**LEGAL, "fp16_tflops": "two"}, "`fp16_tflops` must be a number above 0"),
        (
            {**LEGAL, "modes": {"infer nchw": {**BAND, "edit_error_pct": -1}}},
            "edit_error_pct` must be a number above 0",
        ),
        ({**LEGAL, "speed": 1}, "unknown key `speed`"),
        ({**LEGAL, "like": "rtx1"}, "`like` must be one of a10"),
        ({**LEGAL, "modes": []}, "`modes` must be a mapping"),
        ({**LEGAL, "modes": {"infer": BAND}}, "unknown mode `infer`; there are infer nchw"),
        ({**LEGAL, "modes": {"infer nchw": 3}}, "`modes.infer nchw` must be a mapping"),
        ({**LEGAL, "modes": {"infer nchw": {}}}, "`modes.infer nchw.error_pct` must be a number above 0"),
        ({**LEGAL, "modes": {"infer nchw": {**BAND, "prices": {"macs": 1}}}}, "prices` must have macs, convolution"),
        ({**LEGAL, "modes": {"infer nchw": {**BAND, "factors": {"macs": 1}}}}, "factors` must have others"),
        ({**LEGAL, "modes": {"infer nchw": {**BAND, "factors": {"others": 0}}}}, "must be numbers above 0"),
        (
            {**LEGAL, "modes": {"infer nchw": {**BAND, "prices": dict.fromkeys(TERMS["infer nchw"], -1)}}},
            "must be numbers, none below 0",
        ),
    ],
)
def test_faults_of_a_device_file(tmp_path: Path, sheet: object, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(sheet))
    result = tool("estimate", "resnet18", "--device", path)
    assert result.code == 2
    assert said in " ".join(result.err.split())


def test_unreadable_device_files(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("{title")
    for path in (tmp_path / "missing.yaml", tmp_path / "broken.yaml", tmp_path):
        result = tool("estimate", "resnet18", "--device", path)
        assert (result.code, "cannot read" in result.err) == (2, True)


# The command.


def test_json(tmp_path: Path) -> None:
    shutil.copy(Path(devices.FOLDER) / "rtx4090.yaml", tmp_path / "mine.yaml")
    options = ("--layout", "nhwc", "--format", "json")
    result = tool("estimate", "tresnet_m", "--gpu", "rtx4090", "--device", tmp_path / "mine.yaml", *options)
    one, other = result.document["models"][0]["throughput"]
    assert (one["gpu"], one["mode"], one["layout"], one["compile"]) == ("rtx4090", "infer", "nhwc", False)
    assert one["low"] < one["images_per_s"] < one["high"]
    assert one["error_pct"] == devices.gpu("rtx4090").modes["infer nhwc"].error.pct
    assert one["compute_share"] + one["memory_share"] + one["overhead_share"] == pytest.approx(1, abs=1e-3)
    assert sum(layer["seconds"] for layer in one["layers"]) == pytest.approx(1 / one["images_per_s"], rel=1e-3)
    assert other == {**one, "gpu": "mine"}
    assert tool("estimate", "tresnet_m", "--format", "json").document["models"][0]["throughput"] == []


def test_an_anchor_is_met_and_moves_the_others() -> None:
    def rates(*options: str) -> list[float]:
        result = tool("estimate", "resnet50", "tresnet_m", "--gpu", "h100", "--train", "--format", "json", *options)
        return [model["throughput"][0]["images_per_s"] for model in result.document["models"]]

    free, tied = rates(), rates("--anchor", "resnet50=2500")
    assert tied[0] == 2500
    assert tied[1] / tied[0] == pytest.approx(free[1] / free[0], rel=1e-4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--gpu", "t4", "--train", "--compile"), "no published measurements of compiled training"),
        (("--anchor", "resnet50=805"), "give one --gpu or --device"),
        (("--gpu", "t4", "--gpu", "l4", "--anchor", "resnet50=805"), "give one --gpu or --device"),
        (("--gpu", "t4", "--anchor", "resnet50"), "write a spec and its measured images/s"),
        (("--gpu", "t4", "--anchor", "resnet50=-3"), "write a spec and its measured images/s"),
        (("--gpu", "t4", "--anchor", "resnet50=nan"), "write a spec and its measured images/s"),
    ],
)
def test_options_that_make_no_sense(options: tuple[str, ...], said: str) -> None:
    result = tool("estimate", "resnet50", *options)
    assert result.code == 2
    assert said in " ".join(result.err.split())


def test_tables_print_the_error_beside_the_prediction() -> None:
    by_stage = tool("estimate", "tresnet_m", "--gpu", "rtx3090", "--gpu", "rtx5090").out
    assert re.search(r"rtx3090 +[\d,]+ +\([\d,]+-[\d,]+\) +\d+\.\d %.* calibrated", by_stage)
    assert re.search(r"rtx5090 +[\d,]+ +\([\d,]+-[\d,]+\) +\d+\.\d %.* data sheet", by_stage)
    compared = tool("estimate", "tresnet_m", "resnet50", "--gpu", "rtx3090").out
    assert len(re.findall(r"[\d,]+ \([\d,]+-[\d,]+, error \d+\.\d %\)", compared)) == 2
    rows = tool("estimate", "tresnet_m", "resnet50", "--gpu", "rtx3090", "--format", "csv").out.splitlines()
    assert rows[0].endswith("images_per_s_rtx3090,low_rtx3090,high_rtx3090,error_pct_rtx3090")
    edited = tool("diff", "tresnet_m", "tresnet_m", "--set", "stages.2.depth=16", "--gpu", "rtx3090").out
    assert re.search(r"rtx3090, inference, nchw +[\d,]+ -> [\d,]+ +\(-\d+\.\d%\) +\d+\.\d %", edited)
    assert re.search(r"rtx3090, training, nchw +[\d,]+ -> [\d,]+ +\(-\d+\.\d%\) +\d+\.\d %", edited)
