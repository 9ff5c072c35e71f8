"""The memory of a step, cut into blocks and put together again.

Autograd runs backward in the reverse order of forward, so a block's kernels follow each other in both. What a block
does to the live bytes is its net change and its highest points in forward and in backward. These depend on the block,
its input, and how its neighbours keep the tensors between them; so they can be taken from a short network and added up
for a deep one. Bytes are lines over the batch: (bytes an image, bytes whatever the batch).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tresnet_gen.analysis.step import Step, record
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.tape import BUFFER, OPTIMIZER, PARAMETER, Moment, Tape

Line = tuple[int, int]
ZERO: Line = (0, 0)


class Change(NamedTuple):
    """What some kernels do to the live bytes: in the end, and the highest points on the way, none below another."""

    net: Line = ZERO
    highs: tuple[Line, ...] = ()

    def then(self, other: "Change") -> "Change":
        """Return this change followed by another."""
        shifted = (_sum(self.net, high) for high in other.highs)
        return Change(_sum(self.net, other.net), highest((*self.highs, *shifted)))

    def times(self, count: int) -> "Change":
        """Return this change `count` times over, at least once; the highest point is in the first one or the last."""
        before = _times(self.net, count - 1)
        return Change(_times(self.net, count), highest((*self.highs, *(_sum(before, high) for high in self.highs))))


class Piece(NamedTuple):
    """The part of a step that belongs to a stem, a block, a head, or several blocks in a row.

    `lasting` lives through the step, `ending` is freed when forward ends, `update` is what the optimizer makes for it.
    """

    lasting: Line = ZERO
    forward: Change = Change()
    ending: Line = ZERO
    backward: Change = Change()
    update: Line = ZERO

    def then(self, other: "Piece") -> "Piece":
        """Return this piece with another behind it."""
        return Piece(
            _sum(self.lasting, other.lasting),
            self.forward.then(other.forward),
            _sum(self.ending, other.ending),
            other.backward.then(self.backward),
            _sum(self.update, other.update),
        )

    def times(self, count: int) -> "Piece":
        """Return this piece `count` times in a row, at least once."""
        return Piece(
            _times(self.lasting, count),
            self.forward.times(count),
            _times(self.ending, count),
            self.backward.times(count),
            _times(self.update, count),
        )

    def at(self, batch: int) -> "Flat":
        """Return the bytes at a batch."""
        return Flat(
            _at(self.lasting, batch),
            _at(self.forward.net, batch),
            max((_at(high, batch) for high in self.forward.highs), default=0),
            _at(self.ending, batch),
            _at(self.backward.net, batch),
            max((_at(high, batch) for high in self.backward.highs), default=0),
            _at(self.update, batch),
        )


class Flat(NamedTuple):
    """A piece at one batch, in bytes."""

    lasting: int
    forward: int
    forward_high: int
    ending: int
    backward: int
    backward_high: int
    update: int


def peak_bytes(pieces: Sequence[Flat]) -> int:
    """Return the largest number of live bytes of a network made of pieces."""
    live = peak = sum([piece[0] for piece in pieces])
    for _, net, high, _, _, _, _ in pieces:
        if live + high > peak:
            peak = live + high
        live += net
    live -= sum([piece[3] for piece in pieces])
    for _, _, _, _, net, high, _ in reversed(pieces):
        if live + high > peak:
            peak = live + high
        live += net
    return max(peak, live + sum([piece[6] for piece in pieces]))


def largest_batch(pieces: Iterable[Piece], limit_bytes: int) -> int:
    """Return the largest batch at which a network made of pieces stays within a limit, 0 if there is none."""
    whole = Piece()
    for piece in pieces:
        whole = whole.then(piece)
    kept = _sum(whole.lasting, whole.forward.net, _negative(whole.ending))
    end = _sum(kept, whole.backward.net, whole.update)
    highs = [
        whole.lasting,
        *(_sum(whole.lasting, high) for high in whole.forward.highs),
        *(_sum(kept, high) for high in whole.backward.highs),
        end,
    ]
    found = max(0, min((limit_bytes - fixed) // each if each else limit_bytes for each, fixed in highs))
    return found if all(_at(high, found) <= limit_bytes for high in highs) else 0


class CutError(Exception):
    """A step whose kernels do not come block by block."""


def cut(graph: Graph, step: Step) -> list[Piece]:
    """Return the pieces of a step: stem, each block, head with loss.

    Raises:
        CutError: for a step that cannot be cut.
    """
    return _Cutter(graph, record(graph, step)).pieces()


class _Cutter:
    """Goes through a tape and hands what happens to the piece it belongs to."""

    def __init__(self, graph: Graph, tape: Tape) -> None:
        self.tape = tape
        of_node = pieces_of(graph)
        self.count = len(graph.blocks) + 2
        self.piece_of = {node.name: piece for node, piece in zip(graph.nodes, of_node, strict=True)}
        self.piece_of |= {"loss": self.count - 1}
        self.of_parameter = [p for node, p in zip(graph.nodes, of_node, strict=True) for _ in node.op.parameters]
        state = ((*node.op.parameters, *node.op.buffers, *node.op.constants) for node in graph.nodes)
        self.of_state = [p for held, p in zip(state, of_node, strict=True) for _ in held]
        self.maker: dict[int, int] = {}

    def pieces(self) -> list[Piece]:
        phases: dict[str, list[Moment]] = {"forward": [], "backward": [], "step": []}
        for moment in self.tape.moments[1:]:
            phases[moment.phase].append(moment)
        lasting = self.lasting(self.tape.moments[0])
        last = phases["forward"].pop()  # frees what autocast kept
        forward = self.changes(phases["forward"], 1)
        ending = [ZERO] * self.count
        for storage in last.freed:
            ending[self.maker[storage]] = _sum(ending[self.maker[storage]], self.tape.sizes[storage])
        backward = self.changes(phases["backward"], -1)
        update = [ZERO] * self.count
        for moment in phases["step"]:
            backward[0] = Change(_sum(backward[0].net, _negative(self.size(moment.freed))), backward[0].highs)
            for storage, piece in zip(moment.made, self.of_parameter, strict=bool(moment.made)):
                update[piece] = _sum(update[piece], self.tape.sizes[storage])
        return [Piece(*parts) for parts in zip(lasting, forward, ending, backward, update, strict=True)]

    def size(self, storages: Iterable[int]) -> Line:
        return _sum(ZERO, *(self.tape.sizes[storage] for storage in storages))

    def lasting(self, first: Moment) -> list[Line]:
        """Return what lives through the step: parameters and buffers, optimizer state, and images by the stem."""
        found = [ZERO] * self.count
        state, updated = iter(self.of_state), 0
        states = sum(self.tape.kinds[storage] == OPTIMIZER for storage in first.made)
        each = states // len(self.of_parameter)
        for storage in first.made:
            kind, piece = self.tape.kinds[storage], 0
            if kind in (PARAMETER, BUFFER):
                piece = next(state)
            elif kind == OPTIMIZER:
                piece, updated = self.of_parameter[updated // each], updated + 1
            self.maker[storage] = piece
            found[piece] = _sum(found[piece], self.tape.sizes[storage])
        return found

    def changes(self, moments: Iterable[Moment], direction: int) -> list[Change]:
        """Return what each piece changes; what is freed before a piece's first kernel, the piece before it freed."""
        nets: list[Line] = [ZERO] * self.count
        highs: list[list[Line]] = [[] for _ in nets]
        current = None
        for moment in moments:
            piece = self.piece_of[moment.layer]
            freed = piece if current is None else current
            if (piece - freed) * direction < 0:
                raise CutError(f"{moment.layer} runs behind {piece}")
            nets[freed] = _sum(nets[freed], _negative(self.size(moment.freed)))
            nets[piece] = _sum(nets[piece], self.size(moment.made))
            highs[piece].append(nets[piece])
            self.maker.update(dict.fromkeys(moment.made, piece))
            current = piece
        return [Change(net, highest(found)) for net, found in zip(nets, highs, strict=True)]


def pieces_of(graph: Graph) -> list[int]:
    """Return for each node which piece it belongs to: 0 is the stem, then come the blocks, then the head."""
    head = len(graph.blocks) + 1
    found = [0 if node.stage == "stem" else head for node in graph.nodes]
    for number, block in enumerate(graph.blocks, 1):
        found[block.start : block.stop] = [number] * (block.stop - block.start)
    return found


def highest(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines that no other lies above at every batch."""
    found: list[Line] = []
    for line in sorted(set(lines), reverse=True):
        if not found or line[1] > found[-1][1]:
            found.append(line)
    return tuple(found)


def _sum(*lines: Line) -> Line:
    return sum([line[0] for line in lines]), sum([line[1] for line in lines])


def _negative(line: Line) -> Line:
    return -line[0], -line[1]


def _at(line: Line, batch: int) -> int:
    return line[0] * batch + line[1]


def _times(line: Line, count: int) -> Line:
    return line[0] * count, line[1] * count
