"""Hints: which parts of a spec they name, and what the edits that they try would gain."""

import re

import pytest

from tests.cli.running import tool
from tresnet_gen.analysis import devices, throughput
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph


def rate(name: str, *overrides: str) -> float:
    graph = build_graph(load_spec(name, overrides))
    return throughput.predict(graph, devices.gpu("rtx4090"), "infer nchw").images_per_s


def hinted(*arguments: str) -> dict[str, dict[str, object]]:
    result = tool("estimate", *arguments, "--gpu", "rtx4090", "--hints", "--format", "json")
    return {f"{hint['code']} {hint['path']}": hint for hint in result.document["models"][0]["hints"]}


def test_hints_say_what_an_edit_would_gain() -> None:
    found = hinted("tresnet_l")
    tiles = {"H106 stages.0.width", "H106 stages.1.width"}
    assert set(found) == {"H101 stages.0.width", "H102 stages.0.se", "H103 stages.1.aa"} | tiles
    blur = found["H103 stages.1.aa"]
    assert blur["edits"] == ["stages.1.aa=false"]
    before, after = rate("tresnet_l"), rate("tresnet_l", "stages.1.aa=false")
    error = devices.gpu("rtx4090").modes["infer nchw"].error.edit_pct
    change = {"change": round(after / before - 1, 4), "change_error_pct": error}
    assert error
    assert blur["throughput"] == [{"gpu": "rtx4090", "images_per_s": round(after, 2), **change}]
    assert blur["params_change"] == 0
    assert after > before


def test_hints_for_groups_and_stems() -> None:
    found = hinted("regnety_032")
    assert "H104 stages.0.groups" in found  # 24 channels a group
    assert found["H104 stages.0.groups"]["edits"] == ["stages.0.groups=9"]  # 8 of the 72 channels
    assert set(hinted("resnet50")) == {"H105 stem"}
    assert hinted("resnet50", "--ignore", "H105") == {}


def test_hints_in_text_and_their_limits() -> None:
    shown = tool("estimate", "tresnet_xl", "--gpu", "rtx4090", "--hints").out
    assert re.search(
        r"H101 +stages\.0\.width +83 channels are no multiple of 8 +stages\.0\.width=80 +(0\.0|[+-]\d+\.\d)%", shown
    )
    error = devices.gpu("rtx4090").modes["infer nchw"].error.edit_pct
    assert f"only training tells; such changes of images/s erred by {error:.1f} % in the mean" in shown
    refused = tool(
        "estimate",
        "-",
        "--hints",
        stdin="{name: n, stem: {type: conv, width: 8}, stages: [{block: basic, depth: 1, width: 8}]}",
    )
    assert refused.code == 2
    assert "give a file or a bundled name" in refused.err


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        ("tresnet_l", {"stages.0.width=64", "stages.1.width=128"}),  # of 76 and 152
        ("tresnet_xl", {"stages.0.width=64", "stages.1.width=192"}),  # of 83 and 166; 332 fill 87 % of six of 64
        ("tresnet_m", set()),  # 64, 128, 256, 512
        ("resnext50_32x4d", set()),  # grouped: other kernels
        ("mobilenetv2_100", set()),  # depthwise: memory decides
    ],
)
def test_hints_for_tiles(name: str, edits: set[str]) -> None:
    found = {edit for key, hint in hinted(name).items() if key.startswith("H106") for edit in hint["edits"]}  # type: ignore[attr-defined]
    assert found == edits


def test_narrow_widths_are_told_the_smallest_tile() -> None:
    """24 channels take a tile of 32 that computes at two thirds of the rate: 24 / 48."""
    hint = hinted("tresnet_m", "--set", "stages.0.width=24")["H106 stages.0.width"]
    assert hint["message"] == "24 channels use 50% of the arithmetic that their tiles take"
    assert hint["edits"] == ["stages.0.width=32"]


def test_without_hints_it_says_so() -> None:
    assert tool("estimate", "mobilenetv2_100", "--hints").out.endswith("\nmobilenetv2_100, hints: none\n")
    assert "hints" not in tool("estimate", "mobilenetv2_100").out
    refused = tool("estimate", "tresnet_m", "--hints", "--format", "csv")
    assert refused.code == 2
    assert "--hints has no CSV form" in refused.err
