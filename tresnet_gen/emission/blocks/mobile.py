"""What the classes of mobile blocks have in common: SE on the expanded channels, the input added where shapes agree."""

from tresnet_gen.emission.arguments import ALWAYS, when, where
from tresnet_gen.emission.blocks.view import BlockView, residual_when
from tresnet_gen.emission.stages import BlockRow
from tresnet_gen.frontend.spec import MobileStage
from tresnet_gen.graph.blocks.block import se_hidden


class MobileView(BlockView):
    """A block of depthwise or fused convolutions, each one listed with its numbers.

    Attributes:
        kernel_size: The kernel of its large convolution.
        se_when: When to squeeze and excite.
        residual: When to add the input to the output.
        stride: Argument of the strided convolution.
    """

    by_block = True

    def decide(self) -> None:
        self.residual = residual_when(self.rows)
        self.kernel_size = self.arguments.value("kernel_size", self._kernel_type(), self._kernels())
        self.take_more()
        self.se_when, self._se = self._squeeze_excite()
        self._act = self.arguments.act(self.network.norm, self.network.act, self.column("act"))
        stride = "stride: int" if self.network.strided else ""
        self.signature = self.arguments.signature("in_channels: int", "out_channels: int", stride)
        self.stride = "stride=stride" if self.network.strided else ""
        self.act_keywords |= {"stride"} if self.stride else set()

    @staticmethod
    def details(stage: MobileStage) -> list[str]:
        kernels = stage.kernel if isinstance(stage.kernel, tuple) else (stage.kernel,)
        return ["/".join(f"{kernel}x{kernel}" for kernel in kernels)]

    @property
    def kernels(self) -> list[int | tuple[int, ...]]:
        return self.column("kernel")

    def take_more(self) -> None:
        """Take the arguments that only this kind of block has."""

    def hidden(self, row: BlockRow) -> int:
        """Return the channels that the large convolution puts out."""
        return row.in_channels

    @property
    def act(self) -> str:
        return self._act

    @property
    def parts_text(self) -> str:
        """What the block is made of, in words."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The first line of the docstring."""
        adds = {"": "", ALWAYS: "; adds its input"}.get(self.residual, "; adds its input where the shapes agree")
        return f"{self.parts_text[0].upper()}{self.parts_text[1:]}{adds}."

    @property
    def sum(self) -> str:
        """What the block returns."""
        return {"": "out", ALWAYS: "x + out"}.get(self.residual, "x + out if self.residual else out")

    @property
    def residual_attribute(self) -> str:
        """The condition that the class keeps, if there is one."""
        return "" if self.residual == ALWAYS else self.residual

    def convolution_text(self, what: str) -> str:
        """Return the large convolution in words."""
        kernel = self.kernel_size
        mixed = "mixed " if kernel.startswith("(") else ""
        return f"{kernel}x{kernel} {what}" if kernel.isdecimal() else f"{mixed}{what}"

    @property
    def se_text(self) -> str:
        """The SE in words."""
        return ", SE" if self.se_when else ""

    def se(self, channels: str) -> str:
        """Return the line that makes the SE."""
        return where("se", self.se_when, self._se.format(channels=channels))

    def _kernels(self) -> list[str]:
        return list(map(str, self.column("kernel")))

    def _kernel_type(self) -> str:
        kinds = {isinstance(kernel, tuple) for kernel in self.column("kernel")}
        return " | ".join(text for mixed, text in ((False, "int"), (True, "tuple[int, ...]")) if mixed in kinds)

    def _squeeze_excite(self) -> tuple[str, str]:
        rules = self.column("se")
        if not any(rules):
            return "", ""
        assert self.network.se
        widths = [
            se_hidden(se, row.in_channels, self.hidden(row), row.out_channels) if se else 0
            for se, row in zip(rules, self.rows, strict=True)
        ]
        self.arguments.take("se_width", "int", list(map(str, widths)), default="0")
        return when(widths, "se_width"), self.network.se.call(self.arguments, "{channels}", "se_width", rules)
