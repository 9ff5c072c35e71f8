"""The class of fused inverted residual blocks."""

from tresnet_gen.emission.arguments import ALWAYS, where
from tresnet_gen.emission.blocks.mobile import MobileView
from tresnet_gen.emission.stages import BlockRow
from tresnet_gen.graph.channels import expanded


class FusedInvertedResidualView(MobileView):
    """One convolution that expands, 1x1 project.

    Attributes:
        project_when: When there is a projection; without an expansion there is none.
    """

    part = "parts/fused_inverted_residual.jinja"
    class_name = "FusedInvertedResidual"
    papers = ("efficientnet_v2",)

    def take_more(self) -> None:
        expands = [row.stage.expansion != 1 for row in self.rows]  # type: ignore[union-attr]
        self.project_when = "" if not any(expands) else ALWAYS if all(expands) else "expands"
        self.linear = bool(self.project_when)
        if self.project_when:
            self.arguments.take("hidden", "int", [str(self.hidden(row)) for row in self.rows])
        if self.project_when == "expands":
            self.arguments.take("expands", "bool", list(map(str, expands)))

    @property
    def project(self) -> str:
        """The line that makes the projection."""
        return where("project", self.project_when, "ConvBN(hidden, out_channels, 1)")

    def hidden(self, row: BlockRow) -> int:
        expansion: float = row.stage.expansion  # type: ignore[union-attr]
        return row.out_channels if expansion == 1 else expanded(row.in_channels, expansion)

    @property
    def parts_text(self) -> str:
        return f"{self.convolution_text('convolution')}{self.se_text}{', 1x1 project' if self.project_when else ''}"
