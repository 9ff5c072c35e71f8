"""The ops: the only place with formulas for shapes, parameters, MACs, activations and what autograd keeps."""

from tresnet_gen.graph.ops.activation import Activation, HardSigmoid, Sigmoid
from tresnet_gen.graph.ops.convolution import BlurPool, Conv2d, Linear
from tresnet_gen.graph.ops.elementwise import Add, Dropout, Scale
from tresnet_gen.graph.ops.layout import ChannelShuffle, Chunk, Concat, Input, Part, SpaceToDepth
from tresnet_gen.graph.ops.norm import BatchNorm, InPlaceABN
from tresnet_gen.graph.ops.op import Op, Shape, ShapeError, Tensors
from tresnet_gen.graph.ops.pooling import AvgPool, GlobalMean, MaxPool
from tresnet_gen.graph.ops.work import BYTES, Work, bytes_of, is_vector

__all__ = [
    "BYTES",
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "BlurPool",
    "ChannelShuffle",
    "Chunk",
    "Concat",
    "Conv2d",
    "Dropout",
    "GlobalMean",
    "HardSigmoid",
    "InPlaceABN",
    "Input",
    "Linear",
    "MaxPool",
    "Op",
    "Part",
    "Scale",
    "Shape",
    "ShapeError",
    "Sigmoid",
    "SpaceToDepth",
    "Tensors",
    "Work",
    "bytes_of",
    "is_vector",
]
