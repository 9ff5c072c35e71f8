"""A tape of what eager PyTorch allocates and frees: the vocabulary in which ops say what running them does.

The unit is the storage. It lives as long as something refers to it: the forward code's variables, the tensors that
autograd saved, a gradient on its way. Sizes are kept as bytes for one image and bytes whatever the batch, so one
replay answers for every batch.
"""

from math import prod
from typing import NamedTuple

PARAMETER, BUFFER, INPUT, OPTIMIZER, OTHER = "parameter", "buffer", "input", "optimizer", "other"
FLOAT32, FLOAT16, INT64, BOOL = 4, 2, 8, 1


class Tensor:
    """A tensor: its storage, shape (of one image where it is `batched`), bytes of an element, autograd's node.

    `storage` is -1 for a mere size. `node` is what computes the tensor's gradient: the `Node` that made it, as its
    output number `slot`, or its own `Leaf`; None where no gradient is wanted.
    """

    __slots__ = ("batched", "node", "shape", "slot", "storage", "width")

    def __init__(
        self,
        shape: tuple[int, ...],
        width: int,
        batched: bool,
        storage: int = -1,
        node: "Node | Leaf | None" = None,
    ) -> None:
        self.shape = shape
        self.width = width
        self.batched = batched
        self.storage = storage
        self.node = node
        self.slot = 0

    def like(self, shape: tuple[int, ...] | None = None) -> "Tensor":
        """Return the size of this tensor, or of one of another shape, as a temporary of a backward."""
        return Tensor(self.shape if shape is None else shape, self.width, self.batched)


class Kernel(NamedTuple):
    """One kernel of a backward: it makes the gradients of the inputs among `makes` and temporaries of the rest.

    Temporaries live until the backward of the op returns, or a later kernel names them in `frees`. `by_engine` tells
    that autograd's engine runs it behind the op's own backward: the sum over what was broadcast.
    """

    name: str
    makes: tuple[Tensor, ...]
    frees: tuple[Tensor, ...] = ()
    by_engine: bool = False


class Leaf:
    """Where the gradient of a parameter arrives; autograd keeps the tensor itself, it copies nothing."""

    __slots__ = ()


class Node:
    """One step of autograd's graph.

    `layer` and `position` are the op's name and place in the graph, `saved` the storages it needs, `saves_results`
    tells that the op's kernel made some of them, `kernels` what its backward runs.
    """

    __slots__ = ("inputs", "kernels", "layer", "position", "saved", "saves_results", "sequence")

    def __init__(
        self,
        sequence: int,
        layer: str,
        position: int,
        inputs: tuple[Tensor, ...],
        saved: tuple[int, ...],
        kernels: tuple[Kernel, ...],
        saves_results: bool,
    ) -> None:
        self.sequence = sequence
        self.layer = layer
        self.position = position
        self.inputs = inputs
        self.saved = saved
        self.kernels = kernels
        self.saves_results = saves_results


class Moment(NamedTuple):
    """One kernel that ran: the storages freed before it and those it made."""

    phase: str
    layer: str
    kernel: str
    freed: tuple[int, ...]
    made: tuple[int, ...]


class Tape:
    """Records the moments of a step.

    `half` says that autocast runs convolutions and linear layers in 16 bit, `native_norm` that in evaluation batch norm
    runs PyTorch's own CUDA kernel, `fused_dropout` that dropout is one kernel.
    """

    def __init__(self, train: bool, half: bool, native_norm: bool, fused_dropout: bool) -> None:
        self.train = train
        self.half = half
        self.native_norm = native_norm
        self.fused_dropout = fused_dropout
        self.saving = True  # False inside a checkpointed block
        self.phase = "forward"
        self.layer = ""
        self.position = 0  # of the op in the graph
        self.sizes: list[tuple[int, int]] = []  # bytes for one image, bytes whatever the batch
        self.kinds: list[str] = []
        self.moments: list[Moment] = []
        self.saved: dict[int, str] = {}  # storage -> the layer that kept it first
        self.nodes: list[Node] = []
        self._references: list[int] = []
        self._freed: list[int] = []
        self._made: list[int] = []
        self._casts: list[Tensor] = []
        self._splits: dict[int, Node] = {}  # id of the tensor that was split -> the node of all its parts
        self._sequence = 0

    # Storages.

    def new(
        self, shape: tuple[int, ...], width: int, batched: bool = True, kind: str = OTHER, node: "Leaf | None" = None
    ) -> Tensor:
        """Allocate a tensor of `shape` for each image, or of `shape` whatever the batch; nothing holds it yet."""
        storage = len(self.sizes)
        self.sizes.append((prod(shape) * width, 0) if batched else (0, prod(shape) * width))
        self.kinds.append(kind)
        self._references.append(0)
        self._made.append(storage)
        return Tensor(shape, width, batched, storage, node)

    def copy(self, tensor: Tensor, width: int = 0) -> Tensor:
        """Allocate a tensor of another's shape, with elements of `width` bytes if that is given."""
        return self.new(tensor.shape, width or tensor.width, tensor.batched)

    def hold(self, storage: int) -> None:
        """Add a reference to a storage."""
        self._references[storage] += 1

    def drop(self, storage: int) -> None:
        """Take a reference away; the last one frees the storage."""
        self._references[storage] -= 1
        if not self._references[storage]:
            self._freed.append(storage)

    def shared(self, storage: int) -> bool:
        """Whether more than one reference holds a storage."""
        return self._references[storage] > 1

    def sweep(self, since: int) -> None:
        """Free the storages made since number `since` that nothing holds: an op's temporaries."""
        self._freed += [storage for storage in range(since, len(self.sizes)) if not self._references[storage]]

    # Kernels.

    def mark(self, kernel: str) -> None:
        """Note that a kernel ran; what was allocated since the last mark is what it made."""
        self.moments.append(Moment(self.phase, self.layer, kernel, tuple(self._freed), tuple(self._made)))
        self._freed.clear()
        self._made.clear()

    def take_back(self) -> None:
        """Forget the kernel that ran last; what it made takes nothing."""
        moment = self.moments.pop()
        for storage in moment.made:
            self.sizes[storage] = 0, 0
        self._freed = [*moment.freed, *self._freed]

    def record(
        self,
        output: Tensor,
        inputs: tuple[Tensor, ...],
        saves: tuple[Tensor, ...] = (),
        results: tuple[Tensor, ...] = (),
        backward: tuple[Kernel, ...] = (),
    ) -> Tensor:
        """Attach autograd's node to an op's output, unless no input wants a gradient, and return the output.

        Autograd keeps `saves` before the op's kernel runs, `results` behind it.
        An input whose gradient no kernel of `backward` makes receives the output's gradient itself.
        """
        if not self.train or all(tensor.node is None for tensor in inputs):
            return output
        storages = tuple(tensor.storage for tensor in (*saves, *results))
        node = Node(self._sequence, self.layer, self.position, inputs, storages, backward, bool(results))
        self._sequence += 1
        self.nodes.append(node)
        if self.saving:
            for storage in storages:
                self.keep(storage, self.layer)
        output.node = node
        return output

    def keep(self, storage: int, layer: str) -> None:
        """Hold a storage for backward; one kept in forward counts as saved, by the layer that kept it first."""
        self.hold(storage)
        if self.phase == "forward":
            self.saved.setdefault(storage, layer)

    def alias(self, tensor: Tensor, shape: tuple[int, ...] | None = None) -> Tensor:
        """Return a tensor that an op wrote over `tensor`, or a view of it."""
        return Tensor(tensor.shape if shape is None else shape, tensor.width, tensor.batched, tensor.storage)

    def part(self, tensor: Tensor, slot: int, shape: tuple[int, ...]) -> Tensor:
        """Return part number `slot` of a tensor, a view; all parts have one node, whose backward joins gradients."""
        view = self.alias(tensor, shape)
        if slot == 0:
            self.record(view, (tensor,), backward=(Kernel("cat", (tensor,)),))
            if isinstance(view.node, Node):
                self._splits[id(tensor)] = view.node
        elif tensor.node is not None:
            view.node, view.slot = self._splits[id(tensor)], slot
        return view

    # Autocast.

    def cast(self, tensor: Tensor) -> Tensor:
        """Return a tensor as autocast passes it to a convolution or linear layer."""
        if not self.half or tensor.width != FLOAT32:
            return tensor
        return self.to_width(tensor, FLOAT16)

    def to_width(self, tensor: Tensor, width: int) -> Tensor:
        """Return a tensor with elements of `width` bytes: a copy, kept for parameters while autocast is on."""
        if tensor.width == width:
            return tensor
        cast = self.copy(tensor, width)
        self.mark("_to_copy")
        self.record(cast, (tensor,), backward=(Kernel("_to_copy", (tensor,)),))
        if isinstance(tensor.node, Leaf):  # autocast keeps it, for other ops that read the parameter: there are none
            self._casts.append(cast)
            self.hold(cast.storage)
        return cast

    def leave_autocast(self) -> None:
        """Drop the cached casts."""
        for cast in self._casts:
            self.drop(cast.storage)
        self._casts.clear()
