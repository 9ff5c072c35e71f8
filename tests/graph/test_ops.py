"""Each op's formulas against the torch op of the same settings, over every small shape."""

from itertools import product

import pytest
import torch
from torch import nn

from tresnet_gen.graph import ops

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


def test_ops_are_values() -> None:
    assert ops.Conv2d(1, 2, 3) == ops.Conv2d(1, 2, 3)
    assert ops.Conv2d(1, 2, 3) != ops.Conv2d(1, 2, 3, stride=2)
    assert ops.BatchNorm(3) != ops.BlurPool(3)
    assert ops.Sigmoid() != ops.Scale()
    assert len({ops.Activation("relu"), ops.Activation("relu"), ops.Activation("relu6")}) == 2
    assert repr(ops.Activation("leaky_relu", 0.5)) == "Activation(slope=0.5, type='leaky_relu')"
