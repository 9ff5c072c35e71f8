"""The state of an emitted module from a checkpoint's tensors, and the other way round. All values are new tensors."""

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from tresnet_gen.emission.render import emit
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.convert import CheckpointError
from tresnet_gen.runtime.convert.network import COUNTER, Network
from tresnet_gen.runtime.convert.plan import Entry, Match, Plan, entries_of
from tresnet_gen.runtime.convert.resize import CHANNELS, patch
from tresnet_gen.runtime.convert.schemes import Scheme
from tresnet_gen.runtime.emitted import network_factory

State = dict[str, Tensor]
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
SCALE_FLOOR = 1e-5  # in-place ABN computes with |weight| + 1e-5


def state_of(graph: Graph, network: Network, plan: Plan, tensors: Mapping[str, Tensor], seed: int) -> State:
    """Return the state of a graph's emitted module, in its order.

    What the plan does not take is as the module initialises it under `seed`, in the precision of what is taken.

    Raises:
        CheckpointError: when a tensor to be taken holds other numbers than it should.
    """
    for match in (*plan.taken, *plan.resized):
        _refuse_other_numbers(match.entry, tensors)
    state = {match.entry.name: _value(match, plan.scheme, tensors) for match in plan.taken}
    state |= {entry.name: torch.zeros((), dtype=torch.int64) for entry in plan.counters}
    if plan.resized or plan.misfits or plan.missing:
        fresh = _initial(graph, seed, _precision(state.values()))
        for match in plan.resized:
            name = match.entry.name
            state[name] = _resized(network, match.how, _value(match, plan.scheme, tensors), fresh[name])
        state = {**fresh, **state}
    return {entry.name: state[entry.name] for entry in entries_of(network)}


def _refuse_other_numbers(entry: Entry, tensors: Mapping[str, Tensor]) -> None:
    for name, _ in entry.pieces:
        dtype = tensors[name].dtype
        if dtype not in FLOATS and not (entry.leaf == COUNTER and dtype in (torch.int64, torch.int32)):
            raise CheckpointError(f"{name} holds {str(dtype).removeprefix('torch.')} numbers")


def _value(match: Match, scheme: Scheme, tensors: Mapping[str, Tensor]) -> Tensor:
    entry = match.entry
    parts = [tensors[name] for name, _ in entry.pieces]
    whole = torch.cat(parts) if len(parts) > 1 else parts[0]
    if scheme.signed_scales and _is_scale(entry):
        whole = whole.abs() + SCALE_FLOOR
    if entry.leaf == COUNTER:
        whole = whole.to(torch.int64)
    return whole.reshape(match.found).clone(memory_format=torch.contiguous_format)


def _is_scale(entry: Entry) -> bool:
    return entry.layer.is_norm and entry.leaf == "weight"


def _precision(tensors: Iterable[Tensor]) -> torch.dtype:
    """Return the one precision of floating-point tensors; float32 where there are several or none."""
    kinds = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    return kinds.pop() if len(kinds) == 1 else torch.float32


def _initial(graph: Graph, seed: int, precision: torch.dtype) -> State:
    """Return the state of a new emitted module."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = network_factory(emit(graph))()
    return dict(network.to(precision).state_dict())


def _resized(network: Network, how: str, old: Tensor, fresh: Tensor) -> Tensor:
    """Return `fresh`, as it was initialised, with what `old` gives."""
    if how == CHANNELS:
        old = with_channels(old, fresh.shape[1] // patch(network), patch(network))
    overlap = tuple(slice(min(sizes)) for sizes in zip(old.shape, fresh.shape, strict=True))
    whole = fresh.clone()
    whole[overlap] = old[overlap].to(fresh.dtype)
    return whole


def with_channels(weight: Tensor, channels: int, pixels: int) -> Tensor:
    """Return the weight of a first convolution, (out, pixels * old, k, k), for another number of input channels."""
    out, _, *kernel = weight.shape
    old = weight.reshape(out, pixels, -1, *kernel)
    mean = old.mean(2, keepdim=True)
    known = old.shape[2]
    parts = [old, *[mean] * (channels - known)] if channels > known else [mean] * channels
    return (torch.cat(parts, 2) * (known / channels)).reshape(out, channels * pixels, *kernel)


# What deserves a warning.


def not_finite(plan: Plan, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Yield the tensors taken that hold something else than finite numbers, and what."""
    for match in (*plan.taken, *plan.resized):
        for name, _ in match.entry.pieces:
            tensor = tensors[name]
            if not bool(torch.isfinite(tensor).all()):
                yield name, "NaN" if bool(tensor.isnan().any()) else "infinity"


def other_filters(plan: Plan, tensors: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield the blur filters that are not the binomial one that emitted modules have."""
    row = torch.tensor([1.0, 2.0, 1.0]) / 4
    binomial = torch.outer(row, row)
    for name in plan.filters:
        seen = tensors[name]
        if seen.shape[-2:] != (3, 3) or not torch.allclose(seen.float(), binomial, atol=1e-3):
            yield name


# Other names.


class UnwritableNamesError(Exception):
    """A state that a scheme cannot express; args[0] says why in one line."""


def renamed(network: Network, scheme: Scheme, state: State) -> State:
    """Return a state under the names of a scheme.

    Raises:
        UnwritableNamesError: when the scheme has no name for a layer, or cannot express a norm's weight.
    """
    entries = list(entries_of(network, scheme))
    nameless = [entry.name for entry in entries if not entry.pieces]
    if nameless:
        raise UnwritableNamesError(f"{scheme.title} has no name for {len(nameless):,} tensors, {nameless[0]} the first")
    if scheme.signed_scales:
        _refuse_small_scales(entries, state)
    found: State = {}
    for entry in entries:
        value = state[entry.name]
        if scheme.signed_scales and _is_scale(entry):
            value = value - SCALE_FLOOR
        parts = [part.clone() for part in value.chunk(len(entry.pieces))] if len(entry.pieces) > 1 else [value]
        for (name, shape), part in zip(entry.pieces, parts, strict=True):
            found[name] = part.reshape(shape)
    return found


def _refuse_small_scales(entries: Iterable[Entry], state: State) -> None:
    """Refuse weights below 1e-5, which |weight| + 1e-5 never is."""
    small = {entry.name: int((state[entry.name] < SCALE_FLOOR).sum()) for entry in entries if _is_scale(entry)}
    names = [name for name, count in small.items() if count]
    if names:
        raise UnwritableNamesError(
            f"{sum(small.values()):,} norm weights, the first in {names[0]}, are below {SCALE_FLOOR}, "
            f"and in-place ABN computes with |weight| + {SCALE_FLOOR}"
        )
