"""The one field table of the spec language: every key, its kind, its default and what it means.

To add a block: a stage class in spec.py, a row in BLOCKS here, a module in graph/blocks and a part in templates/parts.
"""

import keyword
import re
import sys

from tresnet_gen.frontend import spec
from tresnet_gen.frontend.kinds import (
    REQUIRED,
    Choice,
    Derived,
    Edits,
    Field,
    Flag,
    Inherit,
    Int,
    IntList,
    IntOrList,
    Items,
    Name,
    Nullable,
    Prose,
    Real,
    Record,
    Reference,
    Size,
    Union,
)

MAX_CHANNELS = 65_536
MAX_SIZE = 16_384

# What an emitted file defines or imports; a test holds this against the templates.
EMITTED_NAMES = frozenset(
    {"Any", "BasicBlock", "Blur", "BlurPool", "Bottleneck", "Callable", "ConvABN", "ConvBN", "F", "HeldStatistics"}
    | {"InPlaceABN", "OrderedDict", "SpaceToDepth", "SqueezeExcite", "Stage", "Tensor"}
    | {"DepthwiseSeparable", "FusedInvertedResidual", "InvertedResidual", "MixedConv", "OuterSEBottleneck"}
    | {"ShuffleUnit", "False", "None", "True"}
)
WINDOWS_DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10)})
RESERVED_FILES = (
    frozenset(keyword.kwlist) | sys.stdlib_module_names | WINDOWS_DEVICES | {"torch", "none", "true", "false"}
)

WIDTH = Int(1, MAX_CHANNELS)
KERNEL = Int(1, 31, odd=True)
KERNELS = IntOrList(KERNEL, 8)
EXPANSION = Real(minimum=1.0, maximum=64.0)
STRIDE = Int(1, 2, choices=(1, 2))


def _act(*fields: Field) -> Record:
    return Record(fields, spec.Act)


ACTS = Union(
    "activation",
    "type",
    {
        "relu": _act(),
        "leaky_relu": _act(
            Field("slope", Real(minimum=0.0, maximum=1.0), 1e-2, "slope for negative inputs", "1e-3"),
        ),
        "relu6": _act(),
        "silu": _act(),
        "hard_swish": _act(),
    },
    "relu",
)

_NORM = Record(
    (
        Field("eps", Real(above=0.0, maximum=1.0), 1e-5, "added to the variance", "1e-5"),
        Field("momentum", Real(minimum=0.0, maximum=1.0), 0.1, "weight of a new batch's statistics", "0.1"),
    ),
    spec.Norm,
)
NORMS = Union("norm", "type", {"batch_norm": _NORM, "inplace_abn": _NORM}, "batch_norm")

_STEM_ACT = Field("act", ACTS, Inherit("act"), "activation of the stem", "{type: relu}")
_POOL = Field("pool", Nullable(Choice(("max",))), None, "3x3 max pool of stride 2 behind the convolutions", "max")
STEMS = Union(
    "stem",
    "type",
    {
        "space_to_depth": Record(
            (
                Field("block_size", Int(2, 8, choices=(2, 4, 8)), 4, "side of the patches folded into channels"),
                Field("kernel", KERNEL, 3, "kernel of the convolution"),
                Field("width", WIDTH, REQUIRED, "channels put out"),
                _STEM_ACT,
            ),
            spec.SpaceToDepthStem,
        ),
        "conv": Record(
            (
                Field("kernel", KERNEL, 7, "kernel of the convolution"),
                Field("stride", STRIDE, 2, "stride of the convolution"),
                Field("width", WIDTH, REQUIRED, "channels put out"),
                _POOL,
                _STEM_ACT,
            ),
            spec.ConvStem,
        ),
        "deep": Record(
            (
                Field("widths", IntList(WIDTH, 1, 16), REQUIRED, "channels of each 3x3 convolution", "[32, 32, 64]"),
                _POOL,
                _STEM_ACT,
            ),
            spec.DeepStem,
        ),
    },
    None,
)

_SE = (
    Field("ratio", Int(1, MAX_CHANNELS), REQUIRED, "channels per hidden channel (SENet's r)"),
    Field("min_channels", Nullable(WIDTH), None, "least hidden channels"),
    Field(
        "of",
        Choice(("output", "input", "hidden")),
        "output",
        "channels that `ratio` divides: the block's output or input, or those scaled",
    ),
    Field(
        "round_to",
        Nullable(Int(1, 1024)),
        None,
        "multiple that hidden channels are rounded to, as MobileNetV3 does",
        "8",
    ),
    Field("act", ACTS, Derived("relu"), "activation between the two layers", "{type: silu}"),
    Field("gate", Choice(("sigmoid", "hard_sigmoid")), "sigmoid", "what makes the gates"),
)
_SITE = Field(
    "site", Choice(("inner", "output")), "inner", "behind the block's last 3x3 convolution, or behind its last one"
)
SQUEEZE_EXCITE = Record((*_SE, _SITE), spec.SqueezeExcite)
SQUEEZE_EXCITE_DEPTHWISE = Record(_SE, spec.SqueezeExcite)

_ACT = Field("act", ACTS, Inherit("act"), "activation inside the blocks", "{type: relu}")
_STAGE = (
    Field("depth", Int(1, 512), REQUIRED, "number of blocks"),
    Field("width", WIDTH, REQUIRED, "channels inside the block; see the block for what it puts out"),
    Field("stride", STRIDE, 1, "stride of the stage's first block"),
    Field(
        "se", Nullable(SQUEEZE_EXCITE), None, "squeeze-and-excitation in every block", "{ratio: 4, min_channels: 64}"
    ),
    Field("aa", Flag(), False, "anti-alias: blur where the stage strides"),
    Field("shortcut", Choice(("avg_pool", "conv")), "avg_pool", "how a shortcut follows a stride of 2"),
    _ACT,
)
_MOBILE = (
    Field("depth", Int(1, 512), REQUIRED, "number of blocks"),
    Field("width", WIDTH, REQUIRED, "channels the block puts out"),
    Field("stride", STRIDE, 1, "stride of the stage's first block"),
    Field(
        "se",
        Nullable(SQUEEZE_EXCITE_DEPTHWISE),
        None,
        "squeeze-and-excitation on the expanded channels",
        "{ratio: 4, of: input}",
    ),
    _ACT,
)
_PLAIN = tuple(field for field in _MOBILE if field.key != "se")

BLOCKS = Union(
    "block",
    "block",
    {
        "basic": Record(_STAGE, spec.BasicStage),
        "bottleneck": Record(
            (
                *_STAGE,
                Field("expansion", Int(1, 64), 4, "output channels per inner channel"),
                Field("groups", WIDTH, 1, "groups of the 3x3 convolution; must divide `width`"),
            ),
            spec.BottleneckStage,
        ),
        "inverted_residual": Record(
            (
                *_MOBILE,
                Field("kernel", KERNELS, 3, "kernel of the depthwise convolution; several share the channels out"),
                Field("expansion", EXPANSION, 6.0, "hidden channels per input channel, rounded to a multiple of 8"),
                Field("expand_groups", WIDTH, 1, "groups of the first 1x1 convolution"),
                Field("project_groups", WIDTH, 1, "groups of the last 1x1 convolution"),
            ),
            spec.InvertedResidualStage,
        ),
        "depthwise_separable": Record(
            (
                *_MOBILE,
                Field("kernel", KERNELS, 3, "kernel of the depthwise convolution; several share the channels out"),
            ),
            spec.DepthwiseSeparableStage,
        ),
        "fused_inverted_residual": Record(
            (
                *_MOBILE,
                Field("kernel", KERNEL, 3, "kernel of the first convolution"),
                Field("expansion", EXPANSION, 4.0, "hidden channels per input channel, rounded to a multiple of 8"),
            ),
            spec.FusedInvertedResidualStage,
        ),
        "shuffle_unit": Record(
            (*_PLAIN, Field("kernel", KERNEL, 3, "kernel of the depthwise convolutions")), spec.ShuffleUnitStage
        ),
    },
    None,
)

HEADS = Union(
    "head",
    "type",
    {
        "avg_pool_linear": Record(
            (
                Field("dropout", Real(minimum=0.0, below=1.0), 0.0, "dropout before the classifier", "0.2"),
                Field(
                    "width", Nullable(WIDTH), None, "channels of a 1x1 convolution with norm before the pool", "1280"
                ),
                Field("hidden", Nullable(WIDTH), None, "channels of a linear layer behind the pool", "1280"),
                Field("act", ACTS, Inherit("act"), "activation of these two", "{type: relu}"),
            ),
            spec.Head,
        ),
    },
    "avg_pool_linear",
)

INPUT = Record(
    (
        Field("channels", WIDTH, 3, "channels of an image"),
        Field("size", Size(MAX_SIZE), (224, 224), "pixels: a side, or [height, width]", "224"),
    ),
    spec.Input,
)

NAME = Name(
    re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII),
    "lower-case letters, digits and `_`, a letter first, at most 63 characters",
    RESERVED_FILES,
    "Python or an operating system uses that name itself",
)

SPEC = Record(
    (
        Field(
            "name",
            NAME,
            REQUIRED,
            "names the model and the output file; with `extends` the file's own stem is the default",
            "my_net",
        ),
        Field(
            "class_name",
            Name(
                re.compile(r"[A-Z][A-Za-z0-9]{0,62}", re.ASCII),
                "letters and digits, a capital first, at most 63 characters",
                EMITTED_NAMES,
                "the emitted file uses that name itself",
            ),
            Derived("`name` in CamelCase"),
            "name of the emitted class",
            "MyNet",
        ),
        Field("description", Prose(2_000), "", "one paragraph for the emitted file's docstring"),
        Field("extends", Reference(), None, "path or bundled name of the spec to start from", "tresnet_m"),
        Field("set", Edits(), None, "path -> value, applied after the merge", "{stages.2.depth: 24}"),
        Field("input", INPUT, Derived("3 channels, 224 x 224"), "the images", "{channels: 3, size: 224}"),
        Field("num_classes", Int(1, 1_000_000), 1000, "classes"),
        Field("norm", NORMS, Derived("batch_norm"), "normalisation behind every convolution", "{type: batch_norm}"),
        Field("act", ACTS, Derived("relu"), "activation, where a stem or stage names no other", "{type: relu}"),
        Field("stem", STEMS, REQUIRED, "first layers", "{type: space_to_depth, width: 64}"),
        Field(
            "stages",
            Items(BLOCKS, 1, 64),
            REQUIRED,
            "the body, a list of stages",
            "[{block: basic, depth: 3, width: 64}]",
        ),
        Field("head", HEADS, Derived("avg_pool_linear"), "last layers", "{type: avg_pool_linear}"),
        Field(
            "checkpoint",
            Nullable(Choice(("block",))),
            None,
            "what training computes again in the backward pass instead of keeping it",
            "block",
        ),
    ),
    spec.Spec,
)

# Keys that say how a spec is put together: they work before the merge, and no path reaches them.
ASSEMBLY = ("extends", "set")
# Keys that a spec does not take over from the one it extends.
NOT_INHERITED = ("name", "class_name", "description", *ASSEMBLY)
