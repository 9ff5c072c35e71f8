"""The class of inverted residual blocks."""

from tresnet_gen.emission.blocks.mobile import MobileView
from tresnet_gen.emission.stages import BlockRow
from tresnet_gen.graph.channels import expanded


class InvertedResidualView(MobileView):
    """1x1 expand, depthwise, 1x1 project.

    Attributes:
        expand_groups: Argument of the first convolution.
        project_groups: Argument of the last one.
    """

    part = "parts/inverted_residual.jinja"
    class_name = "InvertedResidual"
    papers = ("mobilenet_v2",)

    def take_more(self) -> None:
        self.arguments.take("hidden", "int", [str(self.hidden(row)) for row in self.rows])
        self.expand_groups = self._groups("expand_groups")
        self.project_groups = self._groups("project_groups")
        self.act_keywords.add("groups")
        self.keywords |= {"groups"} if self.project_groups else set()

    def hidden(self, row: BlockRow) -> int:
        return expanded(row.in_channels, row.stage.expansion)  # type: ignore[union-attr]

    def _groups(self, key: str) -> str:
        value = self.arguments.value(key, "int", list(map(str, self.column(key))), default="1")
        return f"groups={value}" if value != "1" else ""

    @property
    def parts_text(self) -> str:
        return f"1x1 expand to `hidden`, {self.convolution_text('depthwise')}{self.se_text}, 1x1 project"
