"""The lines of the model class whose numbers are the network: stem, stages, head."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tresnet_gen.analysis.counts import Counts
from tresnet_gen.emission import activations
from tresnet_gen.emission.classes import Classes
from tresnet_gen.emission.convolutions import act_argument, act_class
from tresnet_gen.emission.layout import Call, Repeat, fit, number
from tresnet_gen.emission.stages import StageUse
from tresnet_gen.frontend.spec import ConvStem, DeepStem, SpaceToDepthStem, Spec
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops import Shape

ENTRY_INDENT = 16


def body_lines(graph: Graph, counts: Counts, classes: Classes) -> str:
    """Return the named modules of the body, one `name=module(...),  # output shape` each."""
    stages = (_stage_line(graph.spec, counts, classes, use) for use in classes.uses)
    return "\n".join([*_stem_lines(graph), *stages, *_final_lines(graph, classes)])


def head_lines(spec: Spec, features: int) -> str:
    """Return the assignment of the head, which takes `features`."""
    head = spec.head
    parts = []
    if head.hidden:
        parts += [f"hidden=nn.Linear({features}, {head.hidden})", f"act={activations.module(head.act)}"]
    if head.dropout:
        parts.append(f"dropout=nn.Dropout({number(head.dropout)})")
    parts.append(f"fc=nn.Linear({head.hidden or features}, num_classes)")
    return fit(8, "self.head = nn.Sequential(", [Call("OrderedDict(", tuple(parts))])


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


def _stage_line(spec: Spec, counts: Counts, classes: Classes, use: StageUse) -> str:
    strided = any(other.stage.stride == 2 for other in classes.uses)
    name, shape = classes.of_stage[use.number], counts.stages[use.number + 1].output
    rows = zip(use.rows, classes.arguments(use), strict=True)
    if classes.by_block(use):
        calls: Counter[Call] = Counter()  # equal blocks stand in one call
        for row, options in rows:
            sizes = [str(row.in_channels), str(row.out_channels), *([f"stride={row.stride}"] if strided else [])]
            calls[Call(f"{name}(", (*sizes, *options))] += row.repeat
        blocks = [Repeat(call, times) if times > 1 else call for call, times in calls.items()]
        return _entry(f"layer{use.number + 1}={'Stage' if spec.checkpoint else 'nn.Sequential'}(", blocks, shape)
    sizes = [str(use.in_channels), str(use.out_channels), f"depth={use.stage.depth}"]
    sizes += [f"stride={use.stage.stride}"] if strided else []
    return _entry(f"layer{use.number + 1}=stage(", [name, *sizes, *next(rows)[1]], shape)


def _final_lines(graph: Graph, classes: Classes) -> Iterator[str]:
    """Yield the convolution behind the stages, if there is one."""
    head, norm = graph.spec.head, graph.spec.norm
    if head.width:
        items = [str(classes.uses[-1].out_channels), str(head.width), "1", act_argument(norm, head.act)]
        shape = next(node.shape for node in graph.nodes if node.name == "body.final.conv")
        yield _entry(f"final={act_class(norm)}(", items, shape)


def _entry(opening: str, items: Sequence[str | Call | Repeat], shape: Shape) -> str:
    return fit(ENTRY_INDENT, opening, items, tail=f",  # {' x '.join(map(str, shape))}")
