"""A step of training of emitted networks, and what it keeps for its backward pass."""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from tests.oracle import build, build_graph_of
from tresnet_gen.emission.render import emit

# Every way a norm, an activation and a blur meet: stem, basic block, bottleneck with groups, SE, two slopes.
SMALL = """\
name: small
num_classes: 5
act: {type: leaky_relu, slope: 1e-2}
stem: {type: conv, kernel: 3, stride: 1, width: 8}
stages:
  - {block: basic, depth: 1, width: 8, se: {ratio: 2}, act: {type: leaky_relu, slope: 1e-3}}
  - {block: bottleneck, depth: 2, width: 8, stride: 2, aa: true, groups: 2, expansion: 2}
"""


def source_with(*lines: str) -> str:
    """Return the emitted file of SMALL with more lines."""
    return emit(build_graph_of(SMALL + "".join(f"{line}\n" for line in lines)))


def small(*lines: str) -> nn.Module:
    """Return the network of SMALL with more lines, its norms' weights drawn from both signs."""
    torch.manual_seed(0)
    return shaken(build(source_with(*lines)))


def shaken(network: nn.Module) -> nn.Module:
    """Return a network whose norms, also those that start at zero, have weights of either sign and biases."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 0, 0.7, generator=generator)
            nn.init.normal_(module.bias, 0, 0.2, generator=generator)
    return network.train()


def imported(source: str, path: Path) -> ModuleType:
    """Return an emitted file as users import it, which pickle and torch's compilers can find again by its name."""
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def images(*shape: int) -> Tensor:
    """Return the same normal images for the same shape."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(2))


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of training gave."""

    loss: Tensor
    gradients: list[Tensor]
    buffers: list[Tensor]

    def distance(self, other: "Step") -> float:
        """Return the largest relative difference between the gradients of a parameter."""
        return distance(self.gradients, other.gradients)

    def same_state(self, other: "Step") -> bool:
        """Whether loss and buffers, the running statistics among them, are equal bit by bit."""
        return torch.equal(self.loss, other.loss) and all(map(torch.equal, self.buffers, other.buffers))

    def same(self, other: "Step") -> bool:
        """Whether everything is equal bit by bit."""
        return self.same_state(other) and all(map(torch.equal, self.gradients, other.gradients))


def distance(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    """Return the largest relative difference between tensors, each in its Euclidean norm."""
    pairs = zip(ours, theirs, strict=True)
    return max(((a.double() - b.double()).norm() / b.double().norm().clamp_min(1e-12)).item() for a, b in pairs)


def step(network: nn.Module, x: Tensor) -> Step:
    """Return the step of a network with the images `x`; parameters that are frozen have no gradient."""
    network.zero_grad()
    loss = network(x).float().square().mean()
    loss.backward()
    gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    return Step(loss.detach(), gradients, [buffer.clone() for buffer in network.buffers()])


@dataclass(frozen=True, slots=True)
class Kept:
    """The tensors that autograd keeps for the backward pass, one of each storage."""

    tensors: dict[int, Tensor] = field(default_factory=dict)

    def without(self, *others: Tensor) -> list[Tensor]:
        """Return those that are none of `others`."""
        known = {other.untyped_storage()._cdata for other in others}
        return [tensor for storage, tensor in self.tensors.items() if storage not in known]


@contextmanager
def keeping() -> Iterator[Kept]:
    """Watch what autograd keeps of a forward pass."""
    kept = Kept()

    def pack(tensor: Tensor) -> Tensor:
        kept.tensors.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept
