"""Graphs of networks whose blocks the spec language does not have: layers, shapes and names, for the rules of names.

A network becomes one of a spec by a line in tests/oracle.py's RELATIVES, or a bundled spec; then it leaves this file.
"""

from collections.abc import Callable
from typing import NamedTuple

from tresnet_gen.frontend.load import load_spec
from tresnet_gen.frontend.spec import Act
from tresnet_gen.graph import ops
from tresnet_gen.graph.builder import Builder
from tresnet_gen.graph.graph import Graph

RELU = Act("relu")


class Row(NamedTuple):
    """Equal blocks but for the first one's stride; `se` gives hidden channels from a block's input and inner width."""

    block: str
    depth: int
    width: int
    stride: int = 1
    kernels: tuple[int, ...] = (3,)
    expansion: float = 6
    se: Callable[[int, int], int] | None = None
    split_expand: bool = False
    split_project: bool = False


class Stage(NamedTuple):
    """What the rules read of a stage."""

    block: str


def network(rows: list[Row], stem: int, final: int = 0, hidden: int = 0, classes: int = 1000, kernel: int = 3) -> Graph:
    """Return the graph of a convolution of stride 2, blocks, a 1x1 convolution of `final` channels and the head."""
    spec = load_spec("resnet50")
    builder = Builder(spec._replace(stages=tuple(Stage(row.block) for row in rows), num_classes=classes))
    x = builder.add("input", ops.Input((3, 224, 224)))
    x = builder.conv_bn("body.conv1", x, stem, kernel, RELU, 2)
    for stage, row in enumerate(rows, 1):
        for number in range(row.depth):
            name = f"body.layer{stage}.{number}"
            with builder.block(name, x):
                x = BLOCKS[row.block](builder, name, x, row, row.stride if number == 0 else 1)
    x = builder.conv_bn("body.final", x, final, 1, RELU) if final else x
    features = builder.channels(x)
    x = builder.add("head.mean", ops.GlobalMean(keepdim=False), x)
    x = builder.add("head.hidden", ops.Linear(features, hidden), x) if hidden else x
    builder.add("head.fc", ops.Linear(hidden or features, classes), x)
    return builder.graph()


def _inverted(builder: Builder, name: str, x: int, row: Row, stride: int) -> int:
    inputs = builder.channels(x)
    inner = int(inputs * row.expansion)
    if row.block == "inverted_residual":
        x = builder.conv_bn(f"{name}.expand", x, inner, 1, RELU, groups=2 if row.split_expand else 1)
    x = _depthwise(builder, f"{name}.depthwise", x, row.kernels, stride)
    if row.se:
        x = builder.squeeze_excite(f"{name}.se", x, row.se(inputs, builder.channels(x)))
    return builder.conv_bn(f"{name}.project", x, row.width, 1, groups=2 if row.split_project else 1)


def _depthwise(builder: Builder, name: str, x: int, kernels: tuple[int, ...], stride: int) -> int:
    channels = builder.channels(x)
    if len(kernels) == 1:
        return builder.conv_bn(name, x, channels, kernels[0], RELU, stride, groups=channels)
    part = channels // len(kernels)
    parts = [part + channels - part * len(kernels), *[part] * (len(kernels) - 1)]
    convs = [ops.Conv2d(n, n, k, stride, n) for n, k in zip(parts, kernels, strict=True)]
    outs = [builder.add(f"{name}.conv.{number}", conv, x) for number, conv in enumerate(convs)]
    x = builder.add(f"{name}.cat", ops.Concat(channels), *outs)
    return builder.add(f"{name}.bn", ops.BatchNorm(channels), x)


def _fused(builder: Builder, name: str, x: int, row: Row, stride: int) -> int:
    if row.expansion == 1:
        return builder.conv_bn(f"{name}.expand", x, row.width, row.kernels[0], RELU, stride)
    x = builder.conv_bn(f"{name}.expand", x, int(builder.channels(x) * row.expansion), row.kernels[0], RELU, stride)
    return builder.conv_bn(f"{name}.project", x, row.width, 1)


def _shuffle(builder: Builder, name: str, x: int, row: Row, stride: int) -> int:
    half, inputs = row.width // 2, builder.channels(x)
    skip = x
    if stride == 2:
        skip = builder.conv_bn(f"{name}.downsample.0", x, inputs, 3, stride=2, groups=inputs)
        skip = builder.conv_bn(f"{name}.downsample.1", skip, half, 1, RELU)
    else:
        x = builder.add(f"{name}.split", ops.Part((half, half), 1), x)
    x = builder.conv_bn(f"{name}.conv1", x, half, 1, RELU)
    x = builder.conv_bn(f"{name}.conv2", x, half, 3, stride=stride, groups=half)
    x = builder.conv_bn(f"{name}.conv3", x, half, 1, RELU)
    return builder.add(f"{name}.cat", ops.Concat(row.width), skip, x)


def _bottleneck(builder: Builder, name: str, x: int, row: Row, stride: int) -> int:
    """A bottleneck of SENet: squeeze-and-excitation behind the last norm; `expansion` is 32x4d's for groups."""
    skip, inner = x, row.width // (2 if row.split_expand else 4)
    if builder.channels(x) != row.width:
        skip = builder.conv_bn(f"{name}.downsample.0", x, row.width, 1, stride=stride)
    x = builder.conv_bn(f"{name}.conv1", x, inner, 1, RELU)
    x = builder.conv_bn(f"{name}.conv2", x, inner, 3, RELU, stride, groups=32 if row.split_expand else 1)
    x = builder.conv_bn(f"{name}.conv3", x, row.width, 1)
    x = builder.squeeze_excite(f"{name}.se", x, row.width // 16)
    return builder.add(f"{name}.add", ops.Add(), x, skip)


BLOCKS = {
    "inverted_residual": _inverted,
    "depthwise_separable": _inverted,
    "fused_inverted_residual": _fused,
    "shuffle_unit": _shuffle,
    "bottleneck": _bottleneck,
}
DS, IR, UNIT = "depthwise_separable", "inverted_residual", "shuffle_unit"


def quarter_of_input(inputs: int, inner: int) -> int:
    return inputs // 4


def half_of_input(inputs: int, inner: int) -> int:
    return inputs // 2


def quarter_of_inner(inputs: int, inner: int) -> int:
    """A quarter, rounded to a multiple of 8 as MobileNets do: never down by more than a tenth."""
    rounded = max(8, int(inner / 4 + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * inner / 4 else rounded


def efficientnet_b1(third: int = 3) -> Graph:
    """Return EfficientNet-B1; `third` is the depth of its third stage."""
    rows = [(24, 3, 2, 3), (40, third, 2, 5), (80, 4, 2, 3), (112, 4, 1, 5), (192, 5, 2, 5), (320, 2, 1, 3)]
    first = Row(DS, 2, 16, se=quarter_of_input)
    rest = [Row(IR, depth, width, stride, (k,), 6, quarter_of_input) for width, depth, stride, k in rows]
    return network([first, *rest], stem=32, final=1280)


def mixnet_l() -> Graph:
    def pair(width: int, stride: int, first: tuple, rest: tuple, expansion: float, se, split_expand: bool = True):
        yield Row(IR, 1, width, stride, first, 6, se)
        yield Row(IR, 3, width, 1, rest, expansion, se, split_expand, True)

    rows = [
        Row(DS, 1, 32),
        Row(IR, 1, 40, 2, (3, 5, 7), 6, None, True, True),
        Row(IR, 1, 40, 1, (3,), 3, None, True, True),
        *pair(56, 2, (3, 5, 7, 9), (3, 5), 6, half_of_input),
        *pair(104, 2, (3, 5, 7), (3, 5, 7, 9), 6, quarter_of_input),
        *pair(160, 1, (3,), (3, 5, 7, 9), 3, half_of_input),
        *pair(264, 2, (3, 5, 7, 9), (3, 5, 7, 9), 6, half_of_input, split_expand=False),
    ]
    return network(rows, stem=32, final=1536)


def mobilenetv2_100(third: int = 3) -> Graph:
    """Return MobileNetV2; `third` is the depth of its third stage."""
    rows = [(24, 2, 2), (32, third, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]
    return network([Row(DS, 1, 16), *(Row(IR, depth, width, stride) for width, depth, stride in rows)], 32, 1280)


def mobilenetv3_large_100() -> Graph:
    se = quarter_of_inner
    rows = [
        Row(DS, 1, 16),
        Row(IR, 1, 24, 2, (3,), 4),
        Row(IR, 1, 24, 1, (3,), 3),
        Row(IR, 3, 40, 2, (5,), 3, se),
        Row(IR, 1, 80, 2, (3,), 6),
        Row(IR, 1, 80, 1, (3,), 2.5),
        Row(IR, 2, 80, 1, (3,), 2.3),
        Row(IR, 2, 112, 1, (3,), 6, se),
        Row(IR, 3, 160, 2, (5,), 6, se),
    ]
    return network(rows, stem=16, final=960, hidden=1280)


def shufflenet_v2_x1_0() -> Graph:
    return network([Row(UNIT, 4, 116, 2), Row(UNIT, 8, 232, 2), Row(UNIT, 4, 464, 2)], stem=24, final=1024)


def efficientnet_v2_s() -> Graph:
    fused = [(1, 24, 1, 1, 2), (4, 48, 2, 4, 4), (4, 64, 2, 4, 4)]
    rows = [Row("fused_inverted_residual", depth, width, stride, (3,), e) for e, width, stride, _, depth in fused]
    deep = [(128, 6, 2, 4), (160, 9, 1, 6), (256, 15, 2, 6)]
    rows += [Row(IR, depth, width, stride, (3,), e, quarter_of_input) for width, depth, stride, e in deep]
    return network(rows, stem=24, final=1280)


def _senet(grouped: bool) -> Graph:
    depths = [(256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2)]
    rows = [Row("bottleneck", depth, width, stride, split_expand=grouped) for width, depth, stride in depths]
    return network(rows, stem=64, kernel=7)


def seresnet50() -> Graph:
    return _senet(grouped=False)


def seresnext50_32x4d() -> Graph:
    return _senet(grouped=True)


PLANNED: dict[str, Callable[[], Graph]] = {
    function.__name__: function
    for function in (
        efficientnet_b1,
        mixnet_l,
        mobilenetv2_100,
        mobilenetv3_large_100,
        shufflenet_v2_x1_0,
        seresnet50,
        seresnext50_32x4d,
    )
}
