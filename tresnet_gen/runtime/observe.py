"""What torch's own hooks and counters see of one forward."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tresnet_gen.runtime.program import Call, Recorder, Shape, newest_node, places


def module_outputs(network: nn.Module, images: Tensor) -> dict[str, Shape]:
    """Return the shape for one image that each module puts out in eval mode, "" for the network itself."""
    shapes: dict[str, Shape] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: shapes.update({name: tuple(output.shape[1:])}))
        for name, module in network.named_modules()
    ]
    with torch.no_grad():
        network.eval()(images)
    for hook in hooks:
        hook.remove()
    return shapes


def module_macs(network: nn.Module, images: Tensor) -> dict[str, int]:
    """Return the multiply-accumulates for one image in each module that has any, "" for the network itself."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network.eval()(images)
    root = type(network).__name__
    return {
        path.removeprefix(root).removeprefix("."): sum(by_op.values()) // (2 * len(images))
        for path, by_op in counter.get_flop_counts().items()
        if path.partition(".")[0] == root
    }


class _Kept(NamedTuple):
    """A storage that autograd saved: for which of its nodes, inside which module, behind how many calls."""

    storage: torch.UntypedStorage
    sequence: int
    place: str
    calls: int


def saved_by_layer(network: nn.Module, images: Tensor, labels: Tensor, layers: Sequence[str]) -> dict[str, int]:
    """Return the bytes that autograd keeps behind a training forward by the layer that kept them first.

    `layers` are the layers of the forward's calls, in order; what runs behind those is the loss.
    """
    kept: dict[int, _Kept] = {}
    recorder = Recorder(network.train(), images)

    def pack(tensor: Tensor) -> Tensor:
        storage, sequence = tensor.untyped_storage(), newest_node()
        kept.setdefault(storage._cdata, _Kept(storage, sequence, recorder.path[-1], len(recorder.calls)))
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with places(network, recorder.path), recorder, hooks:
        loss = nn.functional.cross_entropy(network(images), labels)
    found: dict[str, int] = {}
    for one in kept.values():
        number = _saving_call(recorder.calls, one)
        layer = layers[number] if number < len(layers) else "loss"
        found[layer] = found.get(layer, 0) + one.storage.nbytes()
    del loss
    return found


def _saving_call(calls: Sequence[Call], kept: _Kept) -> int:
    """Return the number of the call that a storage was saved for.

    Autograd saves for the node it made last. A checkpoint saves a block's input without a node, outside of the module
    whose call made the last one: for the call that comes next.
    """
    number = bisect_left(calls, kept.sequence, key=lambda call: call.sequence)
    return number if number < len(calls) and calls[number].place == kept.place else kept.calls
