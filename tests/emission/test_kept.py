"""What an image of 224 x 224 makes training keep for the backward pass, and that docs/spec.md says so."""

import re
from functools import cache
from pathlib import Path

import pytest
import torch
from torch._subclasses import FakeTensorMode

from tests.emission.training import keeping
from tests.oracle import build
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph

PAGE = (Path(__file__).resolve().parents[2] / "docs/spec.md").read_text(encoding="utf-8")
IN_PLACE, CHECKPOINT = "norm.type=inplace_abn", "checkpoint=block"
# In-place activated batch norm against plain.
RATIOS = {"tresnet_m": 0.80, "tresnet_l": 0.81, "tresnet_xl": 0.81}
TITLES = {"tresnet_m": "TResNet-M", "tresnet_l": "TResNet-L", "tresnet_xl": "TResNet-XL"}
BLUR = "self.training and trains_eagerly(x)"


@cache
def kept_mib(name: str, *overrides: str, blur: str = BLUR) -> float:
    """Return the activations that a network of a bundled spec keeps in float32; `blur` says when blurs keep nothing."""
    source = emit(build_graph(load_spec(name, overrides)))
    assert source.count(BLUR) == 1 + (CHECKPOINT in overrides)
    with FakeTensorMode(), keeping() as kept:
        network, x = build(source.replace(f"if {BLUR}:", f"if {blur}:")).train(), torch.empty(1, 3, 224, 224)
        network(x)
    activations = kept.without(x, *network.parameters(), *network.buffers())
    return sum(tensor.untyped_storage().nbytes() for tensor in activations) / 2**20


@pytest.mark.parametrize("name", RATIOS)
def test_in_place_batch_norm_keeps_less(name: str) -> None:
    assert kept_mib(f"{name}_abn") / kept_mib(name) == pytest.approx(RATIOS[name], abs=0.01)


def test_the_blur_keeps_less() -> None:
    assert kept_mib("tresnet_m") / kept_mib("tresnet_m", blur="False") == pytest.approx(0.953, abs=1e-3)


def test_the_page_says_so() -> None:
    with_blur = re.search(r"would keep ([\d.]+) MiB for an image instead of (\d+\.\d)", PAGE)
    assert with_blur is not None
    assert with_blur.groups() == (f"{kept_mib('tresnet_m', blur='False'):.1f}", f"{kept_mib('tresnet_m'):.1f}")
    for name, title in TITLES.items():
        plain, in_place = kept_mib(name), kept_mib(f"{name}_abn")
        assert f"| {title} | {plain:.1f} | {in_place:.1f} | {100 * in_place / plain:.0f} % |" in PAGE
        blocks, both = kept_mib(name, CHECKPOINT), kept_mib(name, IN_PLACE, CHECKPOINT)
        assert f"| {title} | {plain:.1f} | {blocks:.1f} | {both:.1f} |" in PAGE
