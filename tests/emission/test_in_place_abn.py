"""In-place activated batch norm: the network of `norm: inplace_abn` trains as the one of `norm: batch_norm` does."""

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from tests.emission.training import distance, images, keeping, shaken, small, source_with, step
from tests.oracle import build, module_of, source_of
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph

IN_PLACE = "norm: {type: inplace_abn}"
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
