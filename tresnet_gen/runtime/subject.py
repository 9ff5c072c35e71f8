"""What is held against what."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.claims import Claim


class Subject(NamedTuple):
    """A graph, the module that is held against it, made by `factory`, and the images of a step."""

    graph: Graph
    batch: int
    factory: Callable[[], nn.Module]

    @property
    def image(self) -> tuple[int, ...]:
        """Shape of one image."""
        return self.graph.nodes[0].shape

    @property
    def device(self) -> str:
        """Where the module trains without memory: on the CPU if meta tensors would take it another way.

        In-place ABN takes its plain path for them; checkpoints of torch 2.4 do not know them.
        """
        in_place = any(isinstance(node.op, ops.InPlaceABN) for node in self.graph.nodes)
        return "cpu" if in_place or self.graph.spec.checkpoint else "meta"

    def make(self) -> tuple[nn.Module, Tensor]:
        """Return a new network and a batch of images on torch's default device."""
        return self.factory(), torch.zeros(self.batch, *self.image)


Check = Callable[[Subject], Iterator[Claim]]
