"""A graph to the program that its emitted module must run: what each op means, in aten calls."""

from collections.abc import Sequence
from typing import Any

import torch

from tresnet_gen.frontend.spec import Norm
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Graph, Node
from tresnet_gen.runtime.program import IMAGES, MEMORY, Call, Shape, Trace, Value, complete

aten = torch.ops.aten

# The op of each activation and the arguments behind its input.
ACTIVATIONS: dict[str, tuple[Any, dict[str, object]]] = {
    "relu": (aten.relu_.default, {}),
    "leaky_relu": (aten.leaky_relu_.default, {}),
    "relu6": (aten.hardtanh.default, {"min_val": 0, "max_val": 6}),
    "silu": (aten.silu.default, {}),
    "hard_swish": (aten.hardswish.default, {}),
}


def lower(graph: Graph, batch: int, train: bool) -> Trace:
    """Return the forward that a graph means, on the CPU or the meta device; places are the nodes' names."""
    lowering = _Lowering(graph.spec.norm, batch, train)
    values: list[Value] = []
    for node in graph.nodes:
        shapes = [graph.nodes[i].shape for i in node.inputs]
        values.append(lowering.node(node, [values[i] for i in node.inputs], shapes))
    return Trace(lowering.calls, values[-1])


class _Lowering:
    """Appends calls; the methods return the value that the op puts out."""

    def __init__(self, norm: Norm, batch: int, train: bool) -> None:
        self.calls: list[Call] = []
        self._norm = norm
        self._batch = batch
        self._train = train
        self._name = ""
        self._splits: dict[Value, Value] = {}  # what was split -> its first part

    def node(self, node: Node, inputs: Sequence[Value], shapes: Sequence[Shape]) -> Value:
        """Append the calls of a node."""
        self._name = node.name
        output = (self._batch, *node.shape)
        match node.op:
            case ops.Input():
                return IMAGES
            case ops.SpaceToDepth() as op:
                return self._space_to_depth(op.block_size, shapes[0], output, *inputs)
            case ops.Conv2d() as op:
                bias = self._state("bias") if op.bias else None
                weight = self._state("weight")
                return self._convolution(output, inputs[0], weight, bias, op.stride, op.kernel // 2, op.groups)
            case ops.Part() as op:
                return self._part(op, shapes[0], inputs[0])
            case ops.BlurPool() as op:
                return self._blur_pool(op.channels, shapes[0], output, *inputs)
            case ops.BatchNorm():
                return self._batch_norm(output, inputs[0])
            case ops.InPlaceABN() as op:
                return self._inplace_abn(op.slope, output, *inputs)
            case ops.Activation() as op:
                return self._activation(op, output, *inputs)
            case ops.Dropout() as op:
                return self._dropout(op.p, output, *inputs) if self._train else inputs[0]
            case ops.Linear() as op:
                return self._linear(op, output, *inputs)
            case op:
                return self._simple(op, output, *inputs)

    def _simple(self, op: ops.Op, output: Shape, x: Value, *more: Value) -> Value:
        match op:
            case ops.MaxPool():
                sizes = {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)}
                return self._call(aten.max_pool2d_with_indices.default, output, self=x, **sizes)
            case ops.AvgPool():
                options = {"kernel_size": (2, 2), "stride": (2, 2), "ceil_mode": True, "count_include_pad": False}
                return self._call(aten.avg_pool2d.default, output, self=x, **options)
            case ops.GlobalMean():
                return self._call(aten.mean.dim, output, self=x, dim=(2, 3), keepdim=op.keepdim)
            case ops.Sigmoid():
                return self._call(aten.sigmoid.default, output, self=x)
            case ops.HardSigmoid():
                return self._call(aten.hardsigmoid.default, output, self=x)
            case ops.Scale():
                return self._call(aten.mul.Tensor, output, self=x, other=more[0])
            case ops.Add():
                return self._call(aten.add.Tensor, output, self=x, other=more[0])
            case ops.ChannelShuffle():
                return self._channel_shuffle(op.groups, output, x)
            case ops.Concat():
                return self._call(aten.cat.default, output, tensors=(x, *more), dim=1)
        raise NotImplementedError(op.kind)

    def _space_to_depth(self, block: int, image: Shape, output: Shape, x: Value) -> Value:
        channels, height, width = image
        split = (self._batch, channels, height // block, block, width // block, block)
        order = (0, 3, 5, 1, 2, 4)
        moved = tuple(split[axis] for axis in order)
        x = self._call(aten.view.default, split, self=x, size=split)
        x = self._call(aten.permute.default, moved, self=x, dims=order)
        if channels == 1 and width == block:  # the patches of such an image lie in memory as they should
            return self._call(aten.view.default, output, self=x, size=output)
        x = self._call(aten.clone.default, moved, self=x, memory_format="torch.contiguous_format")
        return self._call(aten._unsafe_view.default, output, self=x, size=output)

    def _part(self, op: ops.Part, image: Shape, x: Value) -> Value:
        """Append the split of which this is the first part; the others are further results of that call."""
        if op.index == 0:
            output = (self._batch, op.widths[0], *image[1:])
            if isinstance(op, ops.Chunk):
                split = self._call(aten.split.Tensor, output, self=x, split_size=op.widths[0], dim=1)
            else:
                split = self._call(aten.split_with_sizes.default, output, self=x, split_sizes=op.widths, dim=1)
            self._splits[x] = split
        return self._splits[x]._replace(part=op.index)

    def _channel_shuffle(self, groups: int, output: Shape, x: Value) -> Value:
        n, channels, height, width = output
        grouped = (n, groups, channels // groups, height, width)
        dealt = (n, channels // groups, groups, height, width)
        x = self._call(aten.view.default, grouped, self=x, size=grouped)
        x = self._call(aten.transpose.int, dealt, self=x, dim0=1, dim1=2)
        if channels == groups:  # one channel a group: they lie in memory as they should
            return self._call(aten.view.default, output, self=x, size=output)
        x = self._call(aten.clone.default, dealt, self=x, memory_format="torch.contiguous_format")
        return self._call(aten._unsafe_view.default, output, self=x, size=output)

    def _convolution(
        self, output: Shape, x: Value, weight: Value, bias: Value | None, stride: int, padding: int, groups: int
    ) -> Value:
        return self._call(
            aten.convolution.default,
            output,
            input=x,
            weight=weight,
            bias=bias,
            stride=(stride, stride),
            padding=(padding, padding),
            dilation=(1, 1),
            transposed=False,
            output_padding=(0, 0),
            groups=groups,
        )

    def _blur_pool(self, channels: int, image: Shape, output: Shape, x: Value) -> Value:
        padded = (self._batch, channels, image[1] + 2, image[2] + 2)
        x = self._call(aten.reflection_pad2d.default, padded, self=x, padding=(1, 1, 1, 1))
        return self._convolution(output, x, self._state("kernel"), None, 2, 0, channels)

    def _batch_norm(self, output: Shape, x: Value, into: dict[str, Value] | None = None) -> Value:
        """Append batch norm, which writes its results to the arguments `into`, if given."""
        if self._train:
            self._call(aten.add_.Tensor, (), self=self._state("num_batches_tracked"), other=1)
        return self._call(
            aten.native_batch_norm.out if into else aten.native_batch_norm.default,
            output,
            input=x,
            weight=self._state("weight"),
            bias=self._state("bias"),
            running_mean=self._state("running_mean"),
            running_var=self._state("running_var"),
            training=self._train,
            momentum=self._norm.momentum,
            eps=self._norm.eps,
            **(into or {}),
        )

    def _inplace_abn(self, slope: float, output: Shape, x: Value) -> Value:
        into = {"out": x, "save_mean": MEMORY, "save_invstd": MEMORY} if self._train else None
        x = self._batch_norm(output, x, into)
        return self._call(aten.leaky_relu_.default, output, self=x, negative_slope=slope)

    def _activation(self, act: ops.Activation, output: Shape, x: Value) -> Value:
        op, arguments = ACTIVATIONS[act.type]
        slope = {} if act.slope is None else {"negative_slope": act.slope}
        return self._call(op, output, self=x, **arguments, **slope)

    def _dropout(self, p: float, output: Shape, x: Value) -> Value:
        noise = self._call(aten.bernoulli_.float, output, self=MEMORY, p=1 - p)
        noise = self._call(aten.div_.Scalar, output, self=noise, other=1 - p)
        return self._call(aten.mul.Tensor, output, self=x, other=noise)

    def _linear(self, op: ops.Linear, output: Shape, x: Value) -> Value:
        weight = self._call(aten.t.default, (op.in_features, op.out_features), self=self._state("weight"))
        return self._call(aten.addmm.default, output, self=self._state("bias"), mat1=x, mat2=weight)

    def _state(self, name: str) -> Value:
        return Value(f"{self._name}.{name}")

    def _call(self, op: Any, output: Shape, /, **arguments: object) -> Value:
        self.calls.append(Call(op, complete(op, arguments), output, self._name))
        return Value(f"%{len(self.calls) - 1}")
