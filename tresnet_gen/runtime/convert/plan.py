"""Which tensor of a checkpoint becomes which entry of the emitted module's state: by names and shapes alone."""

from collections.abc import Iterator
from typing import NamedTuple

from tresnet_gen.graph.ops import Shape
from tresnet_gen.runtime.convert.network import COUNTER, Layer, Network
from tresnet_gen.runtime.convert.resize import resizing
from tresnet_gen.runtime.convert.schemes import OWN, SCHEMES, Scheme, Shapes, Source

Pieces = tuple[tuple[str, Shape], ...]


class Entry(NamedTuple):
    """An entry of the emitted module's state; `pieces`, one below the other, are it in a checkpoint."""

    name: str
    shape: Shape
    layer: Layer
    leaf: str
    pieces: Pieces


class Match(NamedTuple):
    """An entry and the shape that its pieces make together in the checkpoint; `how` says how it is resized."""

    entry: Entry
    found: Shape
    how: str = ""


class Plan(NamedTuple):
    """What becomes of every entry of a state and every tensor of a checkpoint.

    Attributes:
        scheme: Whose names the checkpoint has.
        taken: Entries whose tensors fit.
        resized: Entries that take a part of theirs.
        misfits: Entries whose tensors have another shape.
        missing: Entries without a tensor.
        counters: Batch counters that an old checkpoint does not have.
        filters: Blur filters of the checkpoint, which the module computes.
        unused: Other tensors of the checkpoint.
    """

    scheme: Scheme
    taken: tuple[Match, ...]
    resized: tuple[Match, ...]
    misfits: tuple[Match, ...]
    missing: tuple[Entry, ...]
    counters: tuple[Entry, ...]
    filters: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether every entry and every tensor is accounted for."""
        return not (self.resized or self.misfits or self.missing or self.unused)


def plan(network: Network, shapes: Shapes, partial: bool) -> Plan:
    """Return what becomes of a checkpoint with tensors of these shapes; `partial` allows resizing."""
    scheme = max(SCHEMES, key=lambda one: _known(network, one, shapes))  # the first one of equals
    taken: list[Match] = []
    resized: list[Match] = []
    misfits: list[Match] = []
    missing: list[Entry] = []
    counters: list[Entry] = []
    for entry in entries_of(network, scheme, shapes):
        found = _found(entry, shapes)
        if found is None:
            absent = missing and missing[-1].layer is entry.layer  # and with it the counter, its last tensor
            (counters if entry.leaf == COUNTER and not absent else missing).append(entry)
        elif found == entry.shape:
            taken.append(Match(entry, found))
        elif how := resizing(network, entry.layer, entry.leaf, found, entry.shape) if partial else "":
            resized.append(Match(entry, found, how))
        else:
            misfits.append(Match(entry, found))
    filters = tuple(name for name in scheme.filters(network) if name in shapes)
    used = {name for match in (*taken, *resized, *misfits) for name, _ in match.entry.pieces}.union(filters)
    unused = tuple(name for name in shapes if name not in used)
    return Plan(scheme, tuple(taken), tuple(resized), tuple(misfits), tuple(missing), tuple(counters), filters, unused)


def entries_of(network: Network, scheme: Scheme = OWN, shapes: Shapes | None = None) -> Iterator[Entry]:
    """Yield the entries of a network's state with their pieces in a scheme, in the state's order."""
    naming = scheme.naming(network, shapes or {})
    for layer in network.layers:
        source = naming(layer)
        for leaf, shape in layer.tensors:
            pieces = _pieces(source, leaf, shape) if source else ()
            yield Entry(f"{layer.name}.{leaf}", shape, layer, leaf, pieces)


def _pieces(source: Source, leaf: str, shape: Shape) -> Pieces:
    if source.pointwise and leaf == "weight":
        shape = (*shape, 1, 1)
    parts = len(source.layers)
    part = (shape[0] // parts, *shape[1:]) if parts > 1 else shape
    return tuple((f"{layer}.{leaf}", part) for layer in source.layers)


def _known(network: Network, scheme: Scheme, shapes: Shapes) -> int:
    return sum(name in shapes for entry in entries_of(network, scheme, shapes) for name, _ in entry.pieces)


def _found(entry: Entry, shapes: Shapes) -> Shape | None:
    """Return the shape that an entry's pieces make together, None where one is missing."""
    found = [shapes[name] for name, _ in entry.pieces if name in shapes]
    if not found or len(found) < len(entry.pieces):
        return None
    whole = found[0]
    if len(found) > 1:
        fits = [shape for shape in found if shape and shape[1:] == whole[1:]]
        whole = (sum(shape[0] for shape in fits), *whole[1:])
    # A linear layer may be a 1x1 convolution there.
    return whole[:2] if len(entry.shape) == 2 and whole[2:] == (1, 1) else whole
