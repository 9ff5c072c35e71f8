"""The class of shuffle units."""

from tresnet_gen.emission.arguments import when
from tresnet_gen.emission.blocks.view import BlockView
from tresnet_gen.emission.convolutions import act_class
from tresnet_gen.emission.layout import fit


class ShuffleUnitView(BlockView):
    """Half of the channels pass by, or with a stride of 2 both halves are made of all.

    Attributes:
        downsample_when: When a block strides.
        kernel_size: The kernel of its depthwise convolutions.
    """

    part = "parts/shuffle_unit.jinja"
    class_name = "ShuffleUnit"
    papers = ("shufflenet_v2",)

    def decide(self) -> None:
        strides = [row.stride == 2 for row in self.rows]
        self.downsample_when = when(strides, "stride == 2")
        self.kernel_size = self.arguments.value("kernel_size", "int", list(map(str, self.column("kernel"))))
        self._act = self.arguments.act(self.network.norm, self.network.act, self.column("act"))
        stride = "stride: int" if self.network.strided else ""
        self.signature = self.arguments.signature("in_channels: int", "out_channels: int", stride)
        self.stride = "stride=stride" if self.network.strided else ""
        branch = {"": "in_channels // 2", "stride == 2": "branch_channels"}
        self.branch_channels = branch.get(self.downsample_when, "in_channels")
        self.keywords |= {"groups", *(["stride"] if self.stride else [])}

    @property
    def act(self) -> str:
        return self._act

    @property
    def text(self) -> str:
        """The first line of the docstring."""
        made = {"": "", "stride == 2": "; a stride of 2 makes both from all"}.get(self.downsample_when, ", each of all")
        return f"Halves of the channels, one of them convolved, joined and shuffled{made}."

    def downsample_lines(self, indent: int) -> str:
        """Return the convolutions of a strided unit's other half."""
        sizes = ["in_channels", "in_channels", self.kernel_size, self.stride, "groups=in_channels"]
        depthwise = fit(indent, "ConvBN(", sizes, tail=",")
        project = fit(indent, f"{act_class(self.network.norm)}(", ["in_channels", "half", "1", self.act], tail=",")
        return f"{depthwise}\n{project}"
