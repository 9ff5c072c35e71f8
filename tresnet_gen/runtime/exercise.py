"""A module trained for one step on the CPU, with numbers in it."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Exercise(NamedTuple):
    """What a real step showed.

    `faults` say which gradients are missing or not finite, `moved` which buffers backward changed, of how many.
    `entries` are names and shapes of the state dict behind the step. `unrest` says what is wrong with the logits of
    eval mode, which must be finite and the same in two runs, before and behind the step. `filters` are the buffers that
    are not in the state dict.
    """

    params: int
    faults: tuple[str, ...]
    buffers: int
    moved: tuple[str, ...]
    entries: tuple[tuple[str, tuple[int, ...]], ...]
    unrest: str
    filters: dict[str, Tensor]


def exercise(network: nn.Module, image: tuple[int, ...], batch: int = 2) -> Exercise:
    """Train a network for one step on random images, and run it in eval mode before and behind that."""
    with repeatable(), torch.enable_grad():
        images = torch.randn(batch, *image)
        outputs = [*_eval_twice(network, images)]
        moved = tuple(_train(network, images))
        faults = tuple(_faults(network))
        torch.optim.SGD(network.parameters(), lr=1e-3).step()
        outputs += _eval_twice(network, images)
    state = network.state_dict()
    return Exercise(
        params=len(list(network.parameters())),
        faults=faults,
        buffers=len(list(network.buffers())),
        moved=moved,
        entries=tuple((name, tuple(tensor.shape)) for name, tensor in state.items()),
        unrest=_unrest(outputs),
        filters={name: tensor for name, tensor in network.named_buffers() if name not in state},
    )


def cross_entropy(logits: Tensor) -> Tensor:
    """Return the loss of logits whose classes are 0, 1, 2, ..."""
    return nn.functional.cross_entropy(logits, torch.arange(len(logits)) % logits.shape[1])


def _train(network: nn.Module, images: Tensor) -> Iterator[str]:
    """Run forward and backward; yield the buffers that backward changed."""
    loss = cross_entropy(network.train()(images))
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    loss.backward()  # type: ignore[no-untyped-call]
    yield from (name for name, buffer in network.named_buffers() if not torch.equal(buffer, before[name]))


@contextlib.contextmanager
def repeatable() -> Iterator[None]:
    """Draw the same numbers in every run, in one thread: so small a step is slower in several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield
    finally:
        torch.set_num_threads(threads)


def _eval_twice(network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    network.eval()
    with torch.no_grad():
        return network(images), network(images)


def _unrest(outputs: list[Tensor]) -> str:
    if not all(output.isfinite().all() for output in outputs):
        return "logits are not finite"
    same = torch.equal(outputs[0], outputs[1]) and torch.equal(outputs[2], outputs[3])
    return "" if same else "logits change from run to run"


def _faults(network: nn.Module) -> Iterator[str]:
    for name, parameter in network.named_parameters():
        if parameter.grad is None:
            yield f"{name} receives no gradient"
        elif not parameter.grad.isfinite().all():
            yield f"{name} receives a gradient that is not finite"
