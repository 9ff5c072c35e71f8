"""An emitted TResNet against the facts: how far its logits are from those of timm."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from tests.oracle import build, facts, fill_values, image, source_of

# Largest absolute difference of a float64 logit, or of the sums over all of them.
TOLERANCE = 1e-9


@lru_cache(maxsize=1)  # up to 600 MB each
def filled_state(name: str) -> dict[str, Tensor]:
    """Return the filled state dict of a model, by timm's names."""
    return fill_values(build(source_of(name)))


def filled(source: str, name: str) -> nn.Module:
    """Return the network of an emitted file in float64 with the weights of a model; names and shapes must agree."""
    network = build(source).double()
    network.load_state_dict(filled_state(name), strict=True)
    return network


def logits_at(network: nn.Module, size: str) -> Tensor:
    """Return the logits of the fill's image of a size such as 92x124, in eval mode."""
    height, width = map(int, size.split("x"))
    with torch.no_grad():
        (logits,) = network.eval()(image(1, 3, height, width))
    assert isinstance(logits, Tensor)
    return logits


def deviation(logits: Tensor, fact: dict[str, Any]) -> float:
    """Return the largest difference between logits and what is known of them."""
    pairs = [*zip(logits[:8].tolist(), fact["first8"], strict=True), (logits.sum().item(), fact["sum"])]
    pairs.append((logits.std().item(), fact["std"]))
    if "abs_sum" in fact:
        pairs.append((logits.abs().sum().item(), fact["abs_sum"]))
    return max(abs(found - known) for found, known in pairs)


def eval_facts(name: str) -> dict[str, dict[str, Any]]:
    """Return the facts of a model's logits by size."""
    known: dict[str, dict[str, Any]] = facts(name)["eval"]
    return known
