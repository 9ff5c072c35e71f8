"""The emitted module as its users meet it: arguments, initialisation, export, compilation, header."""

import ast
import math
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.oracle import TRESNETS, build, build_graph_of, facts, module_of, source_of
from tresnet_gen.emission.render import emit

IMAGES = torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return build(source_of("tresnet_m")).eval()


def test_classes_and_channels_are_arguments() -> None:
    model = module_of(source_of("tresnet_m")).TResNetM(num_classes=7, in_channels=5).eval()
    with torch.no_grad():
        assert model(torch.zeros(2, 5, 64, 64)).shape == (2, 7)


def test_defaults_are_those_of_the_spec() -> None:
    text = "name: d\nextends: tresnet_m\nnum_classes: 11\ninput: {channels: 4}\n"
    model = build(emit(build_graph_of(text))).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 4, 64, 64)).shape == (1, 11)


def test_initialisation(network: nn.Module) -> None:
    """Convolutions kaiming normal by fan out, the classifier N(0, 0.01), the last norm of each block zero."""
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    for conv in (conv for conv in convolutions if conv.weight.numel() > 10_000):
        fan_out = conv.out_channels * conv.kernel_size[0] * conv.kernel_size[1]
        assert conv.weight.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.05)
    (linear,) = (m for m in network.modules() if isinstance(m, nn.Linear))
    assert linear.weight.std().item() == pytest.approx(0.01, rel=0.01)
    zeroed = {name for name, m in network.named_modules() if isinstance(m, nn.BatchNorm2d) and not m.weight.any()}
    last = {"layer1": "conv2", "layer2": "conv2", "layer3": "conv3", "layer4": "conv3"}
    depths = {"layer1": 3, "layer2": 4, "layer3": 11, "layer4": 3}
    assert zeroed == {f"body.{layer}.{n}.{last[layer]}.bn" for layer, depth in depths.items() for n in range(depth)}


def test_blur_kernels_follow_the_module_and_stay_out_of_its_state() -> None:
    model = build(source_of("tresnet_m")).double()
    kernels = {name: kernel for name, kernel in model.named_buffers() if name.endswith("blur.kernel")}
    assert [kernel.shape[0] for kernel in kernels.values()] == [128, 256, 512]
    for kernel in kernels.values():
        assert kernel.dtype == torch.float64
        assert kernel[0, 0].tolist() == [[1 / 16, 1 / 8, 1 / 16], [1 / 8, 1 / 4, 1 / 8], [1 / 16, 1 / 8, 1 / 16]]
    assert not kernels.keys() & model.state_dict().keys()


def test_export_and_compile_without_a_graph_break(network: nn.Module) -> None:
    with torch.no_grad():
        expected = network(IMAGES)
        exported = torch.export.export(network, (IMAGES,))
        assert torch.equal(exported.module()(IMAGES), expected)
        compiled = torch.compile(network, fullgraph=True, backend="eager")
        assert torch.equal(compiled(IMAGES), expected)


def test_channels_last_and_mixed_precision_change_the_logits_by_rounding_only(network: nn.Module) -> None:
    with torch.no_grad():
        expected = network(IMAGES)
        channels_last = network(IMAGES.to(memory_format=torch.channels_last))
        with torch.autocast("cpu", torch.bfloat16):
            half = network(IMAGES)
    assert torch.allclose(channels_last, expected, atol=1e-5)
    assert torch.cosine_similarity(half.float(), expected).item() > 0.999


def test_saved_weights_load_again(network: nn.Module, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    again = build(source_of("tresnet_m")).eval()
    again.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    with torch.no_grad():
        assert torch.equal(again(IMAGES), network(IMAGES))


UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
ROW = re.compile(r"    (stem|layer\d|head)  ([\d x]+?)  +\S.*?  +([\d,]+)  +([\d.]+) ([kMG]?)")


@pytest.mark.parametrize("name", TRESNETS)
def test_table_of_the_header_has_the_known_figures(name: str) -> None:
    docstring = ast.get_docstring(ast.parse(source_of(name))) or ""
    known = facts(name)["counts"]["224"]["stages"]
    rows = [row.groups() for row in map(ROW.fullmatch, docstring.splitlines()) if row]
    assert [part for part, *_ in rows] == list(known)
    for part, shape, params, macs, unit in rows:
        assert [int(side) for side in shape.split(" x ")] == without_ones(known[part]["output"])
        assert int(params.replace(",", "")) == known[part]["params"]
        assert float(macs) * UNITS[unit] == pytest.approx(known[part]["macs"], rel=5e-3)
    assert re.search(rf"^    total .* {facts(name)['params']:,}  ", docstring, re.MULTILINE)


def without_ones(shape: list[int]) -> list[int]:
    return shape[:1] if shape[1:] == [1, 1] else shape
