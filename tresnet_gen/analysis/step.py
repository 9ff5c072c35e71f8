"""A graph to the tape of one step in eager PyTorch: forward, loss, backward, optimizer; or inference.

The step is the second of a training loop: optimizer state exists, gradients start as None, images, labels, logits and
loss are held to the end. Loss is cross entropy; forward and loss run under autocast where the precision says so; no
gradient scaler, no weight decay. Inference runs in eval mode without gradients.
"""

from heapq import heappop, heappush
from typing import NamedTuple

from tresnet_gen.graph.graph import Call, Graph
from tresnet_gen.graph.tape import (
    BUFFER,
    FLOAT32,
    INPUT,
    INT64,
    OPTIMIZER,
    PARAMETER,
    Kernel,
    Leaf,
    Node,
    Tape,
    Tensor,
)

PRECISIONS = ("fp32", "amp-fp16", "amp-bf16")
OPTIMIZERS = ("sgd", "sgd-momentum", "adam", "adamw", "none")
STATES = {"sgd": 0, "sgd-momentum": 1, "adam": 2, "adamw": 2, "none": 0}  # tensors an optimizer keeps a parameter


class Step(NamedTuple):
    """What runs: training or inference, in which precision, with which optimizer, by the kernels of which device.

    `device` is cuda, cpu or meta: the CPU has no fused dropout and updates one parameter at a time, meta tensors have
    no fused dropout.
    """

    train: bool = False
    precision: str = "fp32"
    optimizer: str = "sgd-momentum"
    device: str = "cuda"


class _Checkpoint:
    """A block whose activations backward computes again; `waiting` counts the nodes that need them."""

    __slots__ = ("block", "nodes", "restored", "waiting", "x")

    def __init__(self, block: Call, x: Tensor) -> None:
        self.block = block
        self.x = x
        self.nodes: list[Node] = []
        self.restored = False
        self.waiting = 0


def record(graph: Graph, step: Step) -> Tape:
    """Return the tape of a step; its first moment makes all that lives through the step."""
    return _Recorder(graph, step).tape


class _Recorder:
    """Runs the step on construction."""

    def __init__(self, graph: Graph, step: Step) -> None:
        self.graph = graph
        self.step = step
        cuda = step.device == "cuda"
        native_norm = step.device == "meta" or (cuda and step.precision == "amp-bf16")  # cuDNN takes no bfloat16
        self.tape = Tape(step.train, step.precision != "fp32", native_norm, fused_dropout=cuda)
        self._releases = _releases(graph)
        self._values: dict[int, Tensor] = {}
        self._checkpoints: dict[Node, _Checkpoint] = {}
        self._make_persistent()
        logits = self._forward()
        loss = self._loss(logits) if step.train else None
        self.tape.leave_autocast()
        self.tape.mark("")
        if loss:
            self._backward(loss)
            self._update()

    # What lives through the step.

    def _make_persistent(self) -> None:
        tape, graph = self.tape, self.graph
        self._state = [
            [
                *(tape.new(s, FLOAT32, False, PARAMETER, Leaf()) for _, s in node.op.parameters),
                *(tape.new(s, INT64 if s == () else FLOAT32, False, BUFFER) for _, s in node.op.buffers),
                *(tape.new(s, FLOAT32, False, BUFFER) for _, s in node.op.constants),
            ]
            for node in graph.nodes
        ]
        self._parameters = [tensor for state in self._state for tensor in state if tensor.node]
        self._values[0] = tape.new(graph.nodes[0].shape, FLOAT32, kind=INPUT)
        if self.step.train:
            self._target = tape.new((), INT64, kind=INPUT)
            self._make_optimizer_state()
        tape.mark("")
        for storage in range(len(tape.sizes)):
            tape.hold(storage)
        tape.hold(self._values[0].storage)  # the caller's

    def _make_optimizer_state(self) -> None:
        for parameter in self._parameters:
            for _ in range(STATES[self.step.optimizer]):
                self.tape.new(parameter.shape, FLOAT32, False, OPTIMIZER)
            if self.step.optimizer in ("adam", "adamw") and self.step.device == "cpu":
                self.tape.new((), FLOAT32, False, OPTIMIZER)  # the step counter stays on the CPU

    # Forward.

    def _forward(self) -> Tensor:
        starts = {block.start: block for block in self.graph.blocks} if self.graph.spec.checkpoint else {}
        position, end = 1, len(self.graph.nodes)
        while position < end:
            block = starts.get(position) if self.step.train else None
            stop = block.stop if block else position + 1
            if block:
                self._run_checkpointed(block)
            else:
                self._run(position, stop, self._values)
            position = stop
        return self._values[end - 1]

    def _run(self, start: int, stop: int, values: dict[int, Tensor]) -> None:
        """Run nodes[start:stop]; `values` are the outputs they read and make."""
        tape, nodes = self.tape, self.graph.nodes
        for position in range(start, stop):
            node = nodes[position]
            tape.layer, tape.position = node.name, position
            since = len(tape.sizes)
            output = node.op.run(tape, node.shape, self._state[position], *[values[i] for i in node.inputs])
            tape.hold(output.storage)
            values[position] = output
            tape.sweep(since)
            for released in self._releases[position]:
                if released in values:
                    tape.drop(values.pop(released).storage)

    def _run_checkpointed(self, block: Call) -> None:
        """Run a block that keeps nothing for backward but what it was called with."""
        tape, x = self.tape, self._values[block.held[0]]
        checkpoint = _Checkpoint(block, x)
        tape.keep(x.storage, block.name)
        first = len(tape.nodes)
        tape.saving = False
        self._run(block.start, block.stop, self._values)
        tape.saving = True
        for node in tape.nodes[first:]:
            checkpoint.nodes.append(node)
            checkpoint.waiting += bool(node.saved)
            self._checkpoints[node] = checkpoint

    def _loss(self, logits: Tensor) -> Tensor:
        """Return the loss; autocast computes log_softmax in 16 bit, nll_loss in 32."""
        tape = self.tape
        tape.layer = "loss"
        log_probs = tape.copy(logits)
        tape.mark("_log_softmax")
        backward = Kernel("_log_softmax_backward_data", (logits,))
        tape.record(log_probs, (logits,), results=(log_probs,), backward=(backward,))
        log_probs = tape.to_width(log_probs, FLOAT32)
        loss, total_weight = tape.new((), FLOAT32, False), tape.new((), FLOAT32, False)
        tape.mark("nll_loss_forward")
        tape.hold(loss.storage)
        backward = Kernel("nll_loss_backward", (log_probs,))
        saves = log_probs, self._target
        return tape.record(loss, (log_probs,), saves=saves, results=(total_weight,), backward=(backward,))

    # Backward.

    def _backward(self, loss: Tensor) -> None:
        """Run autograd's engine: of the nodes whose gradient is complete, the one made last goes first."""
        tape = self.tape
        tape.phase = "backward"
        root = tape.new((), FLOAT32, False)
        tape.mark("ones_like")
        tape.hold(root.storage)  # the caller's, until backward returns
        tape.hold(root.storage)
        assert isinstance(loss.node, Node)
        waiting = _consumers(tape.nodes)
        gradients: dict[Node, dict[int, int]] = {loss.node: {0: root.storage}}
        ready = [(-loss.node.sequence, loss.node)]
        while ready:
            _, node = heappop(ready)
            for source, slot, storage in self._differentiate(node, list(gradients.pop(node).values())):
                self._deliver(gradients.setdefault(source, {}), slot, storage)
                waiting[source] -= 1
                if not waiting[source]:
                    heappush(ready, (-source.sequence, source))
        tape.drop(root.storage)

    def _differentiate(self, node: Node, gradients: list[int]) -> list[tuple[Node, int, int]]:
        """Run a node's kernels; return the nodes it has a gradient for, of which output, and its storage.

        The caller takes over a reference to each storage. Gradients of parameters stay where they are made.
        """
        tape = self.tape
        checkpoint = self._checkpoints.get(node)
        if checkpoint and node.saved:
            self._restore(checkpoint)
        tape.layer = node.layer
        made: dict[int, int] = {}
        saved = node.saved
        for kernel in node.kernels:
            if kernel.by_engine and checkpoint:  # the op itself was the last to hold what was computed again
                saved = self._release(saved)
            for tensor in kernel.frees:
                tape.drop(made.pop(id(tensor)))
            for tensor in kernel.makes:
                if tensor.node is not None or tensor.storage < 0:
                    made[id(tensor)] = tape.copy(tensor).storage
                    tape.hold(made[id(tensor)])
            tape.mark(kernel.name)
        self._release(saved)
        if checkpoint:
            self._leave(checkpoint, node)
        outgoing = []
        for tensor in node.inputs:
            storage = made.pop(id(tensor), gradients[0])
            if tensor.node is not None and storage == gradients[0]:
                tape.hold(storage)
            if isinstance(tensor.node, Node):
                outgoing.append((tensor.node, tensor.slot, storage))
        for storage in (*gradients, *made.values()):
            tape.drop(storage)
        return outgoing

    def _release(self, saved: tuple[int, ...]) -> tuple[int, ...]:
        """Let go of what was saved; nothing is left."""
        for storage in saved:
            self.tape.drop(storage)
        return ()

    def _deliver(self, received: dict[int, int], slot: int, storage: int) -> None:
        """Add a gradient to what a node has received, in place: nothing else holds that any more."""
        if slot not in received:
            received[slot] = storage
            return
        assert not self.tape.shared(received[slot])  # autograd would make room for the sum
        self.tape.drop(storage)

    def _restore(self, checkpoint: _Checkpoint) -> None:
        """Run a block's forward again, up to the op that saves last, which puts back what its nodes save."""
        if checkpoint.restored:
            return
        checkpoint.restored = True
        tape, block = self.tape, checkpoint.block
        first = len(tape.nodes)
        values = {block.held[0]: checkpoint.x}
        tape.hold(checkpoint.x.storage)
        last = max((node for node in checkpoint.nodes if node.saved), key=lambda node: node.sequence)
        self._run(block.start, last.position + 1, values)
        if not last.saves_results:
            tape.take_back()
        for tensor in values.values():
            tape.drop(tensor.storage)
        tape.leave_autocast()
        for node, again in zip(checkpoint.nodes, tape.nodes[first:], strict=False):
            node.saved = again.saved

    def _leave(self, checkpoint: _Checkpoint, node: Node) -> None:
        """Free a block's input behind the last node that could ask for its forward."""
        checkpoint.waiting -= bool(node.saved)
        if not checkpoint.waiting and node.saved:
            self.tape.drop(checkpoint.x.storage)

    # Optimizer.

    def _update(self) -> None:
        """Run the optimizer: temporaries of Adam's square roots, of all parameters at once or of one at a time."""
        tape = self.tape
        tape.phase, tape.layer = "step", "optimizer"
        tape.mark("")
        if self.step.optimizer not in ("adam", "adamw"):
            return
        if self.step.device != "cpu":
            for parameter in self._parameters:
                tape.copy(parameter)
            tape.mark("_foreach_sqrt")
            return
        last = None
        for parameter in self._parameters:
            root = tape.copy(parameter).storage
            tape.mark("sqrt")
            tape.hold(root)
            denominator = tape.copy(parameter).storage
            tape.mark("div")
            tape.hold(denominator)
            tape.drop(root)
            if last is not None:
                tape.drop(last)
            last = denominator


def _consumers(nodes: list[Node]) -> dict[Node, int]:
    """Return how many gradients each node receives before it can run."""
    waiting: dict[Node, int] = {}
    for node in nodes:
        for tensor in node.inputs:
            if isinstance(tensor.node, Node):
                waiting[tensor.node] = waiting.get(tensor.node, 0) + 1
    return waiting


def _releases(graph: Graph) -> list[list[int]]:
    """Return for each position the nodes whose outputs the forward code lets go of behind it.

    An output is held until its last reader ran and every call has returned that was made with it or has a variable
    for it.
    """
    until = list(range(len(graph.nodes)))
    for position, node in enumerate(graph.nodes):
        for source in node.inputs:
            until[source] = position
    for call in graph.calls:
        for position in call.held:
            until[position] = max(until[position], call.stop - 1)
    releases: list[list[int]] = [[] for _ in graph.nodes]
    for position, last in enumerate(until[:-1]):
        releases[last].append(position)
    return releases
