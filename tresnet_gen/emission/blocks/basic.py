"""The class of basic blocks."""

from tresnet_gen.emission.blocks.residual import ResidualView


class BasicView(ResidualView):
    """Two 3x3 convolutions."""

    part = "parts/basic.jinja"
    class_name = "BasicBlock"
