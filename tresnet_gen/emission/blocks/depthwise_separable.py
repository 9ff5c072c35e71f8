"""The class of depthwise separable blocks."""

from tresnet_gen.emission.blocks.mobile import MobileView


class DepthwiseSeparableView(MobileView):
    """Depthwise, 1x1 project."""

    part = "parts/depthwise_separable.jinja"
    class_name = "DepthwiseSeparable"
    papers = ("mobilenet_v2",)

    def take_more(self) -> None:
        self.act_keywords.add("groups")

    @property
    def parts_text(self) -> str:
        return f"{self.convolution_text('depthwise')}{self.se_text}, 1x1 project"
