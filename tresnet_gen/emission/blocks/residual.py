"""What the classes of basic and bottleneck blocks have in common: shortcut, blur, SE, the sum."""

from tresnet_gen.emission.arguments import ALWAYS, when, where
from tresnet_gen.emission.blocks.view import BlockView
from tresnet_gen.emission.stages import blurs
from tresnet_gen.graph.blocks.block import se_hidden


class ResidualView(BlockView):
    """A block whose output is added to its shortcut.

    Attributes:
        downsample: Call that makes the shortcut; without one every shortcut is the identity.
        conv_stride: Argument of the strided convolution.
        blur_when: When to blur.
        se_when: When to squeeze and excite.
    """

    papers = ("resnet",)

    def decide(self) -> None:
        self.groups = self._groups()
        self.se_when, self._se = self._squeeze_excite()
        self.downsample = self._downsample()
        self._act = self.arguments.act(self.network.norm, self.network.act, self.column("act"))
        self.blur_when, self.conv_stride = self._blur()
        stride = "stride: int" if self.network.strided else ""
        self.signature = self.arguments.signature("in_channels: int", "out_channels: int", stride)
        self.act_keywords |= {"stride"} if self.conv_stride else set()
        self.act_keywords |= {"groups"} if self.groups else set()

    def scaled_channels(self, row_width: int, out_channels: int) -> int:
        """Return the channels that the SE scales."""
        return out_channels

    def _groups(self) -> str:
        return ""

    @property
    def act(self) -> str:
        return self._act

    @property
    def skip(self) -> str:
        """What the residual sum adds."""
        return "skip" if self.downsample else "x"

    def blur(self, channels: str) -> str:
        """Return the line that makes the blur."""
        return where("blur", self.blur_when, f"BlurPool({channels})")

    def blur_text(self, conv: str) -> str:
        """Return the end of the docstring's first line."""
        if not self.blur_when:
            return ""
        return f"; blurs after `{conv}`" if self.blur_when == ALWAYS else f"; a stride of 2 blurs after `{conv}`"

    def se(self, channels: str) -> str:
        """Return the line that makes the SE."""
        return where("se", self.se_when, self._se.format(channels=channels))

    def _squeeze_excite(self) -> tuple[str, str]:
        """Return when there is one, and the expression that makes it in `{channels}`."""
        rules = self.column("se")
        if not any(rules):
            return "", ""
        assert self.network.se
        widths = [
            se_hidden(se, row.in_channels, self.scaled_channels(row.stage.width, row.out_channels), row.out_channels)
            if se
            else 0
            for se, row in zip(rules, self.rows, strict=True)
        ]
        self.arguments.take("se_width", "int", list(map(str, widths)), default="0")
        return when(widths, "se_width"), self.network.se.call(self.arguments, "{channels}", "se_width", rules)

    def _downsample(self) -> str:
        """Return the call that makes a shortcut, empty when all of them are the identity."""
        network = self.network
        kinds = [network.shortcut_kinds.get(row.number) for row in self.rows]
        called = [network.shortcuts[kind] for kind in kinds if kind]
        if not called:
            return ""
        function = self.arguments.value("shortcut", called[0].type, [view.function for view in called])
        return f"{function}({called[0].call_arguments})"

    def _blur(self) -> tuple[str, str]:
        """Return when to blur and the stride argument of the convolution before it."""
        rows, strided = self.rows, self.network.strided
        blurred = [blurs(row.stage) for row in rows]
        if not any(blurred):
            return "", "stride=stride" if strided else ""
        if all(blurs(row.stage) for row in rows if row.stride == 2):
            return ALWAYS if all(row.stride == 2 for row in rows) else "stride == 2", ""
        self.arguments.take("blur", "bool", list(map(str, blurred)), default="False")
        with_rest = any(row.stride == 1 and blurs(row.stage) for row in rows)
        return "blur and stride == 2" if with_rest else "blur", "stride=1 if blur else stride"
