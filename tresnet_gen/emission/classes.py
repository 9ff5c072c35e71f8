"""Which classes of blocks a network's file has, and which stages are made of which."""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.emission.blocks import VIEWS, BlockView, Network
from tresnet_gen.emission.shortcuts import ShortcutView, shortcut_kinds, shortcut_views
from tresnet_gen.emission.squeeze_excite import SqueezeExciteView, squeeze_excite_view
from tresnet_gen.emission.stages import BlockRow, StageUse, stage_uses
from tresnet_gen.frontend.spec import BottleneckStage, ShuffleUnitStage, Spec, SqueezeExcite, Stage

OUTER_SE = "OuterSEBottleneck"


class Classes(NamedTuple):
    """The classes of a file; `of_stage` names that of each stage, `views` are in the order of their first stage."""

    uses: tuple[StageUse, ...]
    of_stage: dict[int, str]
    views: dict[str, BlockView]
    shortcuts: tuple[ShortcutView, ...]
    se: SqueezeExciteView | None

    @property
    def mixed(self) -> bool:
        """Whether some convolutions have several kernels."""
        return any(isinstance(kernel, tuple) for view in self.views.values() for kernel in view.kernels)

    @property
    def linear(self) -> bool:
        """Whether some convolutions have no activation; shortcuts stand beside blocks that have such, too."""
        return any(view.linear for view in self.views.values())

    def arguments(self, use: StageUse) -> list[list[str]]:
        """Return the options of a stage's first block and of the others, if there are any, as keyword arguments."""
        view = self.views[self.of_stage[use.number]]
        places = [index for index, row in enumerate(view.rows) if row.number == use.number]
        options = view.arguments.ordered
        return [[given for option in options if (given := option.given(place))] for place in places]

    def by_block(self, use: StageUse) -> bool:
        """Return whether the model lists a stage's blocks: in some stage of their class, options differ."""
        name = self.of_stage[use.number]
        rows = [self.arguments(other) for other in self.uses if self.of_stage[other.number] == name]
        return self.views[name].by_block or any(other != first for first, *others in rows for other in others)


def classes(spec: Spec) -> Classes:
    """Return the classes of a spec's file."""
    uses = stage_uses(spec)
    of_stage = _names(uses)
    kinds = shortcut_kinds(uses, of_stage)
    shortcuts = shortcut_views(uses, kinds)
    se = squeeze_excite_view([rule for use in uses if (rule := se_of(use.stage))])
    strided = any(use.stage.stride == 2 for use in uses)
    network = Network(spec.norm, spec.act, strided, se, {view.kind: view for view in shortcuts}, kinds)
    rows: dict[str, list[BlockRow]] = {}
    for use in uses:
        rows.setdefault(of_stage[use.number], []).extend(use.rows)
    views = {name: VIEWS[found[0].stage.block](found, network, name) for name, found in rows.items()}
    return Classes(uses, of_stage, views, shortcuts, se)


def se_of(stage: Stage) -> SqueezeExcite | None:
    """Return a stage's SE."""
    return None if isinstance(stage, ShuffleUnitStage) else stage.se


def _names(uses: Sequence[StageUse]) -> dict[int, str]:
    """Return the class of each stage: one for each kind of block, two for bottlenecks whose SE sits differently."""
    names = {use.number: VIEWS[use.stage.block].class_name for use in uses}
    sites = {use.number: _site(use.stage) for use in uses}
    if {"inner", "output"} <= set(sites.values()):
        names |= {number: OUTER_SE for number, site in sites.items() if site == "output"}
    return names


def _site(stage: Stage) -> str:
    return stage.se.site if isinstance(stage, BottleneckStage) and stage.se else ""
