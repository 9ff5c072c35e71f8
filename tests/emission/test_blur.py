"""The blur: in training it keeps its kernel alone, and gives what padding and convolving give, bit by bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.emission.training import images, imported, keeping, shaken, step
from tests.oracle import build, module_of, source_of

SHAPES = [(4, 8, 14, 14), (2, 5, 7, 10), (1, 16, 9, 3), (3, 1, 2, 3), (2, 3, 2, 2)]
FORMATS = [torch.contiguous_format, torch.channels_last]
DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
GUARD = "self.training and trains_eagerly(x)"


def blur_pool(channels: int) -> nn.Module:
    module = module_of(source_of("tresnet_m")).BlurPool(channels).train()
    assert isinstance(module, nn.Module)
    return module


def plain(x: Tensor, kernel: Tensor) -> Tensor:
    return functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=x.shape[1])


def value_and_gradient(blur: Callable[[Tensor], Tensor], x: Tensor, memory_format: torch.memory_format) -> list[Tensor]:
    x = x.detach().requires_grad_()
    y = blur(x)
    grad_y = images(*y.shape).to(y.dtype, memory_format=memory_format)
    return [y.detach(), *torch.autograd.grad(y, x, grad_y)]


def assert_same(ours: list[Tensor], theirs: list[Tensor]) -> None:
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == their.dtype
        assert our.stride() == their.stride()
        assert torch.equal(our, their)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_value_gradient_and_layout(
    shape: tuple[int, ...], dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    blur, x = blur_pool(shape[1]).to(dtype), images(*shape).to(dtype, memory_format=memory_format)
    theirs = value_and_gradient(lambda x: plain(x, blur.get_buffer("kernel")), x, memory_format)
    assert_same(value_and_gradient(blur, x, memory_format), theirs)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast(dtype: torch.dtype, memory_format: torch.memory_format) -> None:
    """On a CPU it pads in float32 and convolves in bfloat16."""
    blur, x = blur_pool(5), images(2, 5, 7, 10).to(dtype, memory_format=memory_format)
    with torch.autocast("cpu", torch.bfloat16):
        theirs = value_and_gradient(lambda x: plain(x, blur.get_buffer("kernel")), x, memory_format)
        ours = value_and_gradient(blur, x, memory_format)
    assert [tensor.dtype for tensor in ours] == [torch.bfloat16, dtype]
    assert_same(ours, theirs)


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_first_and_second_derivatives(shape: tuple[int, ...]) -> None:
    """Memory that nothing was written to holds NaN here: reading it would show."""
    blur, x = blur_pool(shape[1]).double(), images(*shape).double().requires_grad_()
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.autograd.gradcheck(blur, x)
        assert torch.autograd.gradgradcheck(blur, x)
    finally:
        torch.use_deterministic_algorithms(False)


def test_keeps_the_kernel_alone() -> None:
    blur, x = blur_pool(5), images(2, 5, 8, 8).requires_grad_()
    kernel = blur.get_buffer("kernel")
    with keeping() as ours:
        blur(x)
    assert ours.without(kernel) == []
    with keeping() as theirs:
        plain(x, kernel)
    assert sorted(tuple(tensor.shape) for tensor in theirs.without(kernel)) == [(2, 5, 8, 8), (2, 5, 10, 10)]


def test_a_network_trains_as_with_plain_operators() -> None:
    source = source_of("tresnet_m")
    assert GUARD in source
    for memory_format in FORMATS:
        x = images(2, 3, 44, 64).to(memory_format=memory_format)
        steps = []
        for text in (source, source.replace(GUARD, "False")):
            torch.manual_seed(0)
            steps.append(step(shaken(build(text)).to(memory_format=memory_format), x))
        assert steps[0].same(steps[1])


def test_without_a_graph_or_in_evaluation_it_is_plain() -> None:
    blur, x = blur_pool(5), images(2, 5, 8, 8).requires_grad_()
    assert type(blur(x).grad_fn).__name__ == "BlurBackward"
    assert type(blur.eval()(x).grad_fn).__name__ == "ConvolutionBackward0"
    with torch.no_grad():
        assert torch.equal(blur.train()(x), plain(x, blur.get_buffer("kernel")))


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compile_sees_plain_operators(backend: str) -> None:
    torch._dynamo.reset()
    blur, x = blur_pool(5), images(2, 5, 8, 8).requires_grad_()
    compiled = torch.compile(blur, backend=backend, fullgraph=True)
    assert_same(*(value_and_gradient(f, x, torch.contiguous_format) for f in (compiled, blur)))
    graphs: list[Any] = []
    torch._dynamo.reset()
    torch.compile(blur, backend=lambda graph, _: graphs.append(graph) or graph.forward, fullgraph=True)(x)
    assert [node.target.__name__ for node in graphs[0].graph.nodes if node.op == "call_function"] == ["pad", "conv2d"]


@pytest.mark.parametrize("strict", [False, True])
def test_export_sees_plain_operators(strict: bool, tmp_path: Path) -> None:
    blur = imported(source_of("tresnet_m"), tmp_path / "with_blur.py").BlurPool(5).train()
    graph = torch.export.export(blur, (images(2, 5, 8, 8),), strict=strict).graph
    called = [str(node.target) for node in graph.nodes if node.op == "call_function"]
    assert called == ["aten.pad.default", "aten.conv2d.default"]


def test_tracers_see_plain_operators() -> None:
    blur, x = blur_pool(5), images(2, 5, 8, 8)
    called = [node.target.__name__ for node in torch.fx.symbolic_trace(blur).graph.nodes if node.op == "call_function"]
    assert {"pad", "conv2d"} <= set(called)
    traced = torch.jit.trace(blur, x.clone().requires_grad_())
    assert traced.graph.findNode("prim::PythonOp") is None
    assert traced.graph.findNode("aten::pad") is not None
    assert torch.equal(traced(x), plain(x, blur.get_buffer("kernel")))
