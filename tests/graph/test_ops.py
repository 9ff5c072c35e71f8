"""Each op's formulas against the torch op of the same settings, over every small shape."""

from itertools import product

import pytest
import torch
from torch import nn

from tresnet_gen.graph import ops
from tresnet_gen.graph.tape import Tape

EXTENTS = list(product(range(1, 12), range(1, 12)))


def out_shape(module: nn.Module, *shape: int) -> tuple[int, ...]:
    with torch.no_grad():
        return tuple(module(torch.zeros(1, *shape)).shape[1:])


@pytest.mark.parametrize(("kernel", "stride"), list(product([1, 3, 5, 7, 31], [1, 2])))
def test_convolution(kernel: int, stride: int) -> None:
    module = nn.Conv2d(4, 6, kernel, stride, kernel // 2, groups=2)
    op = ops.Conv2d(4, 6, kernel, stride, groups=2, bias=True)
    assert [(name, tuple(p.shape)) for name, p in module.named_parameters()] == list(op.parameters)
    assert sum(p.numel() for p in module.parameters()) == op.params
    for extents in EXTENTS:
        assert op.output((4, *extents)) == out_shape(module, 4, *extents)


def test_pools() -> None:
    for extents in EXTENTS:
        shape = (2, *extents)
        assert ops.MaxPool().output(shape) == out_shape(nn.MaxPool2d(3, 2, 1), *shape)
        assert ops.AvgPool().output(shape) == out_shape(nn.AvgPool2d(2, ceil_mode=True), *shape)


def test_blur_pool_needs_two_rows_and_columns() -> None:
    blur = nn.Sequential(nn.ReflectionPad2d(1), nn.AvgPool2d(3, 2))
    for extents in EXTENTS:
        if min(extents) > 1:
            assert ops.BlurPool(2).output((2, *extents)) == out_shape(blur, 2, *extents)
        else:
            with pytest.raises(ops.ShapeError, match=f"a {extents[0]} x {extents[1]} feature map is too small"):
                ops.BlurPool(2).output((2, *extents))
            with pytest.raises(RuntimeError):
                out_shape(blur, 2, *extents)


@pytest.mark.parametrize("block", [2, 4, 8])
def test_space_to_depth_needs_whole_patches(block: int) -> None:
    for height, width in EXTENTS:
        if height % block or width % block:
            with pytest.raises(ops.ShapeError, match=f"{height} x {width} does not divide"):
                ops.SpaceToDepth(block).output((3, height, width))
        else:
            expected = out_shape(nn.PixelUnshuffle(block), 3, height, width)
            assert ops.SpaceToDepth(block).output((3, height, width)) == expected


# Kind, kernels launched, whether each output element needs one of each input.
NATURE = {
    ops.Input((3, 8, 8)): ("input", 0, False),
    ops.Conv2d(3, 4, 3): ("conv2d", 1, False),
    ops.BlurPool(4): ("blur_pool", 2, False),
    ops.Linear(4, 2): ("linear", 1, False),
    ops.BatchNorm(4): ("batch_norm", 1, True),
    ops.InPlaceABN(4, 0.01): ("inplace_abn", 1, True),
    ops.Activation("silu"): ("activation", 1, True),
    ops.Sigmoid(): ("sigmoid", 1, True),
    ops.HardSigmoid(): ("hard_sigmoid", 1, True),
    ops.Scale(): ("mul", 1, True),
    ops.Add(): ("add", 1, True),
    ops.Dropout(0.2): ("dropout", 1, False),
    ops.MaxPool(): ("max_pool2d", 1, False),
    ops.AvgPool(): ("avg_pool2d", 1, False),
    ops.GlobalMean(keepdim=False): ("mean", 1, False),
    ops.SpaceToDepth(4): ("space_to_depth", 1, False),
    ops.Part((2, 2), 0): ("split", 0, False),
    ops.Chunk((2, 2), 0): ("chunk", 0, False),
    ops.Concat(4): ("cat", 1, False),
    ops.ChannelShuffle(2): ("channel_shuffle", 1, False),
}


def test_what_kind_of_op() -> None:
    assert {op: (op.kind, op.kernels, op.pointwise) for op in NATURE} == NATURE
    assert {type(op).__name__ for op in NATURE} == {name for name, value in vars(ops).items() if is_op(value)}


def is_op(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, ops.Op) and value is not ops.Op


def copies(op: ops.Op, shape: tuple[int, ...]) -> bool:
    """Return whether an op that moves elements is replayed as a copy."""
    tape = Tape(train=False, half=False, native_norm=False, fused_dropout=False)
    op.run(tape, op.output(shape), [], tape.new(shape, 4))
    return bool(tape.moments)


@pytest.mark.parametrize("shape", [(1, 8, 4), (1, 4, 8), (1, 4, 4), (3, 8, 4), (3, 4, 4), (3, 8, 8)])
def test_patches_are_copied_where_torch_copies(shape: tuple[int, int, int]) -> None:
    images, (channels, height, width) = torch.zeros(2, *shape), shape
    patches = images.view(2, channels, height // 4, 4, width // 4, 4).permute(0, 3, 5, 1, 2, 4)
    folded = patches.reshape(2, 16 * channels, height // 4, width // 4)
    assert copies(ops.SpaceToDepth(4), shape) == (folded.data_ptr() != images.data_ptr())


@pytest.mark.parametrize("shape", [(2, 4, 4), (8, 2, 4), (8, 4, 2), (4, 4, 4)])
def test_channels_are_copied_where_torch_copies(shape: tuple[int, int, int]) -> None:
    images, (channels, height, width) = torch.zeros(2, *shape), shape
    shuffled = images.view(2, 2, channels // 2, height, width).transpose(1, 2).reshape(2, *shape)
    assert copies(ops.ChannelShuffle(2), shape) == (shuffled.data_ptr() != images.data_ptr())


def test_the_filter_of_a_blur_takes_memory() -> None:
    assert ops.BlurPool(4).constants == (("kernel", (4, 1, 3, 3)),)


def test_an_image_is_nothing_to_run() -> None:
    tape = Tape(train=False, half=False, native_norm=False, fused_dropout=False)
    with pytest.raises(NotImplementedError):
        ops.Input((3, 8, 8)).run(tape, (3, 8, 8), [])


def test_ops_are_values() -> None:
    assert ops.Conv2d(1, 2, 3) == ops.Conv2d(1, 2, 3)
    assert ops.Conv2d(1, 2, 3) != ops.Conv2d(1, 2, 3, stride=2)
    assert ops.BatchNorm(3) != ops.BlurPool(3)
    assert ops.Sigmoid() != ops.Scale()
    assert ops.Dropout(0.1) != ops.Dropout(0.2)
    assert ops.InPlaceABN(4, 0.1) != ops.InPlaceABN(4, 0.2)
    assert len({ops.Activation("relu"), ops.Activation("relu"), ops.Activation("relu6")}) == 2
    assert repr(ops.Activation("leaky_relu", 0.5)) == "Activation(slope=0.5, type='leaky_relu')"
