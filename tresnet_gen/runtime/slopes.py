"""The gradients of a module held against difference quotients of its loss."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tresnet_gen.runtime.exercise import cross_entropy, repeatable


class Slope(NamedTuple):
    """How the loss changes along a random direction: by backward, and by the quotient of two forwards."""

    direction: str
    gradient: float
    quotient: float

    @property
    def agrees(self) -> bool:
        """Whether the two are the same but for rounding and curvature."""
        return abs(self.gradient - self.quotient) <= 1e-4 * max(abs(self.gradient), 1e-3)


def slopes(network: nn.Module, image: tuple[int, ...], batch: int = 4) -> list[Slope]:
    """Return the slopes of the loss by the images and by all norms and biases; the network becomes one of float64.

    Gradients of the images pass through the backward of every op. Norms are drawn anew: those that start with weight 0
    would hide what lies before them.
    """
    with repeatable(), torch.enable_grad():
        network.double().train().zero_grad()
        parameters = [p for p in network.parameters() if p.dim() == 1]
        for parameter in network.parameters():
            parameter.requires_grad_(parameter.dim() == 1)
        for parameter in parameters:
            nn.init.uniform_(parameter, 0.5, 1.5)
        images = torch.randn(batch, *image, dtype=torch.float64, requires_grad=True)

        def loss() -> Tensor:
            torch.manual_seed(1)  # the same dropout in every run
            return cross_entropy(network(images))

        loss().backward()  # type: ignore[no-untyped-call]
        torch.manual_seed(2)
        return [_slope("images", [images], loss), _slope("norms and biases", parameters, loss)]


def _slope(name: str, tensors: Sequence[Tensor], loss: Callable[[], Tensor]) -> Slope:
    """Return the slope along a random direction, by the first step that is neither too rough nor lost in rounding."""
    direction = [torch.randn_like(tensor) for tensor in tensors]
    gradients = [tensor.grad if tensor.grad is not None else torch.zeros_like(tensor) for tensor in tensors]
    gradient = sum(float((g * d).sum()) for g, d in zip(gradients, direction, strict=True))
    found = Slope(name, gradient, 0.0)
    for step in (1e-6, 1e-7, 1e-5, 1e-8, 1e-4):
        distance = step / max(1.0, abs(gradient))
        ahead, behind = (_loss_at(tensors, direction, signed, loss) for signed in (distance, -distance))
        found = Slope(name, gradient, (ahead - behind) / (2 * distance))
        if found.agrees:
            break
    return found


@torch.no_grad()
def _loss_at(
    tensors: Sequence[Tensor], direction: Sequence[Tensor], distance: float, loss: Callable[[], Tensor]
) -> float:
    """Return the loss at some distance from where the tensors are."""
    before = [tensor.clone() for tensor in tensors]
    for tensor, along in zip(tensors, direction, strict=True):
        tensor.add_(along, alpha=distance)
    found = loss().item()
    for tensor, value in zip(tensors, before, strict=True):
        tensor.copy_(value)
    return found
