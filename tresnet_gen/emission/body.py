"""The lines of the model class whose numbers are the network: stem, stages, head."""

from collections.abc import Iterator, Sequence

from tresnet_gen.analysis.counts import Counts
from tresnet_gen.emission.convolutions import act_argument, act_class
from tresnet_gen.emission.layout import Call, fit, number
from tresnet_gen.emission.residual import BlockView, StageUse
from tresnet_gen.frontend.spec import ConvStem, DeepStem, SpaceToDepthStem, Spec
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops import Shape

ENTRY_INDENT = 16


def body_lines(graph: Graph, counts: Counts, uses: Sequence[StageUse], blocks: dict[str, BlockView]) -> str:
    """Return the named modules of the body, one `name=module(...),  # output shape` each."""
    return "\n".join([*_stem_lines(graph), *_stage_lines(counts, uses, blocks)])


def head_lines(spec: Spec, features: int) -> str:
    """Return the assignment of the head."""
    linear = f"fc=nn.Linear({features}, num_classes)"
    dropout = [f"dropout=nn.Dropout({number(spec.head.dropout)})"] if spec.head.dropout else []
    return fit(8, "self.head = nn.Sequential(", [Call("OrderedDict(", (*dropout, linear))])


def _stem_lines(graph: Graph) -> Iterator[str]:
    shapes = {node.name.split(".")[1]: node.shape for node in graph.nodes if node.stage == "stem" and "." in node.name}
    stem = graph.spec.stem
    if isinstance(stem, SpaceToDepthStem):
        yield _entry("s2d=SpaceToDepth(", [], shapes["s2d"])
    norm = graph.spec.norm
    for name, in_channels, width, kernel, stride in _stem_convolutions(stem):
        items = [in_channels, str(width), str(kernel), f"stride={stride}" if stride > 1 else ""]
        yield _entry(f"{name}={act_class(norm)}(", [*items, act_argument(norm, stem.act)], shapes[name])
    if not isinstance(stem, SpaceToDepthStem) and stem.pool:
        yield _entry("pool=nn.MaxPool2d(", ["3", "stride=2", "padding=1"], shapes["pool"])


def _stem_convolutions(stem: SpaceToDepthStem | ConvStem | DeepStem) -> Iterator[tuple[str, str, int, int, int]]:
    """Yield name, input channels, width, kernel and stride of the stem's convolutions."""
    match stem:
        case SpaceToDepthStem():
            yield "conv1", f"{stem.block_size**2} * in_channels", stem.width, stem.kernel, 1
        case ConvStem():
            yield "conv1", "in_channels", stem.width, stem.kernel, stem.stride
        case DeepStem():
            inputs = ["in_channels", *map(str, stem.widths)]
            for index, width in enumerate(stem.widths):
                yield f"conv{index + 1}", inputs[index], width, 3, 1 if index else 2


def _stage_lines(counts: Counts, uses: Sequence[StageUse], blocks: dict[str, BlockView]) -> Iterator[str]:
    strided = any(use.stage.stride == 2 for use in uses)
    for use in uses:
        block = blocks[use.stage.block]
        items = [block.class_name, str(use.in_channels), str(use.out_channels), f"depth={use.stage.depth}"]
        items += [f"stride={use.stage.stride}"] if strided else []
        position = [other.number for other in uses if other.stage.block == use.stage.block].index(use.number)
        items += [f"{option.name}={option.values[position]}" for option in block.options]
        yield _entry(f"layer{use.number + 1}=stage(", items, counts.stages[use.number + 1].output)


def _entry(opening: str, items: Sequence[str], shape: Shape) -> str:
    return fit(ENTRY_INDENT, opening, items, tail=f",  # {' x '.join(map(str, shape))}")
