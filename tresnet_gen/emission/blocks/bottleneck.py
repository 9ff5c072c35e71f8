"""The class of bottleneck blocks."""

from tresnet_gen.emission.blocks.residual import ResidualView
from tresnet_gen.frontend.spec import BottleneckStage


class BottleneckView(ResidualView):
    """1x1 reduce, 3x3, 1x1 expand.

    Attributes:
        se_at_output: Whether the SE sits behind the last convolution, instead of the 3x3.
        groups: Argument of the 3x3 convolution.
    """

    part = "parts/bottleneck.jinja"
    class_name = "Bottleneck"

    def decide(self) -> None:
        self.se_at_output = any(se and se.site == "output" for se in self.column("se"))
        self.width = self.arguments.take("width", "int", list(map(str, self.column("width"))))
        super().decide()

    @staticmethod
    def details(stage: BottleneckStage) -> list[str]:
        return [f"{stage.groups} groups"] if stage.groups > 1 else []

    def scaled_channels(self, row_width: int, out_channels: int) -> int:
        return out_channels if self.se_at_output else row_width

    def _groups(self) -> str:
        groups = self.column("groups")
        value = self.arguments.value("groups", "int", list(map(str, groups)), default="1")
        return f"groups={value}" if value != "1" else ""
