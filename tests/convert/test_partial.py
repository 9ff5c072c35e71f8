"""--partial: what an edited spec still takes, bit by bit; the rest is as its module initialises it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.cli.running import tool
from tests.convert.checkpoints import SMALL, converted, filled, graph_of, module_of, planned, shapes_of, small_state
from tests.oracle import build_graph_of
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph

EDITED = """\
name: edited
extends: tresnet_m
num_classes: 10
set: {stages.2.depth: 13, input.channels: 4}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def initial(graph: Graph, seed: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return dict(module_of(graph).state_dict())


def partial_run(*options: str) -> Any:
    result = tool("convert", "weights.pth", "--partial", "-o", "out.safetensors", "--format", "json", *options)
    assert (result.code, result.err) == (0, "")
    return result.document["conversion"]


def names(conversion: Any, key: str) -> list[str]:
    return [row["name"] for row in conversion[key]]


def test_edited_tresnet_m() -> None:
    """Two blocks more, ten classes, four channels: the module takes the state, and nothing that was moved changed."""
    known = {name: value.float() for name, value in filled(shapes_of("tresnet_m")).items()}
    torch.save(known, "weights.pth")
    Path("edited.yaml").write_text(EDITED)
    found = partial_run("--spec", "edited.yaml")
    state, graph = load_file("out.safetensors"), build_graph(load_spec("./edited.yaml"))
    network = module_of(graph)
    network.load_state_dict(state, strict=True)
    with torch.no_grad():
        assert network.eval()(torch.zeros(1, 4, 64, 64)).shape == (1, 10)

    stem, head = "body.conv1.conv.weight", ["head.fc.weight", "head.fc.bias"]
    added = [name for name in state if name.startswith(("body.layer3.11.", "body.layer3.12."))]
    assert len(added) == 44
    assert sorted(names(found, "new")) == sorted([*added, *head])
    assert names(found, "resized") == [stem]
    assert sorted(names(found, "taken")) == sorted({*known} - {stem, *head})
    assert found["left_over"] == found["misshapen"] == found["missing"] == []
    for name in names(found, "taken"):
        assert torch.equal(state[name], known[name].to(state[name].dtype)), name
    fresh = initial(graph)
    for name in names(found, "new"):
        assert torch.equal(state[name], fresh[name]), name


@pytest.mark.parametrize("channels", [1, 2, 4, 6])
@pytest.mark.parametrize("stem", ["{type: space_to_depth, width: 8}", "{type: conv, kernel: 3, stride: 2, width: 8}"])
def test_other_input_channels_see_grey_images_as_before(channels: int, stem: str) -> None:
    """The first convolution answers an image that is the same in every channel as it did."""
    text = SMALL.replace("{type: space_to_depth, width: 8, act: {type: leaky_relu, slope: 1e-2}}", stem)
    before, after = build_graph_of(text), build_graph_of(text.replace("channels: 3", f"channels: {channels}"))
    known = filled(dict(before.state_shapes()))
    network, edited = module_of(before).double(), module_of(after).double()
    network.load_state_dict(known)
    edited.load_state_dict(converted(after, known, partial=True))
    grey = torch.rand(2, 1, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        one = network.eval()(grey.expand(-1, 3, -1, -1))
        other = edited.eval()(grey.expand(-1, channels, -1, -1))
    assert torch.allclose(one, other, rtol=0, atol=1e-12)


def test_more_input_channels_keep_those_known_up_to_scale() -> None:
    before, after = build_graph_of(SMALL), build_graph_of(SMALL.replace("channels: 3", "channels: 4"))
    known = filled(dict(before.state_shapes()))
    stem = "body.conv1.conv.weight"
    old = known[stem].reshape(8, 16, 3, 3, 3)
    new = converted(after, known, partial=True)[stem].reshape(8, 16, 4, 3, 3)
    assert torch.equal(new[:, :, :3], old * 0.75)


@pytest.mark.parametrize(("width", "stem"), [(6, 8), (2, 8), (4, 12), (4, 4)])
def test_other_widths_take_the_overlap(width: int, stem: int) -> None:
    """A tensor of other widths keeps the channels that both have; beyond them it is as initialised."""
    text = SMALL.replace("depth: 2, width: 4", f"depth: 2, width: {width}")
    text = text.replace("space_to_depth, width: 8", f"space_to_depth, width: {stem}")
    before, after = build_graph_of(SMALL), build_graph_of(text)
    known, fresh = filled(dict(before.state_shapes())), initial(after)
    what = planned(after, known, partial=True)
    state = converted(after, known, partial=True)
    module_of(after).load_state_dict(state, strict=True)
    assert what.resized
    assert {match.how for match in what.resized} == {"width"}
    for match in what.resized:
        name = match.entry.name
        overlap = tuple(slice(min(sizes)) for sizes in zip(known[name].shape, state[name].shape, strict=True))
        assert torch.equal(state[name][overlap], known[name][overlap])
        rest = torch.ones(state[name].shape, dtype=torch.bool)
        rest[overlap] = False
        assert torch.equal(state[name][rest], fresh[name].double()[rest])
    assert {match.entry.name for match in what.misfits} <= {"head.fc.weight"}


def test_other_kernels_groups_and_classes_give_nothing() -> None:
    text = SMALL.replace("num_classes: 5", "num_classes: 7").replace("width: 4,", "width: 4, groups: 2,")
    text = text.replace("space_to_depth, width: 8,", "space_to_depth, width: 8, kernel: 5,")
    what = planned(build_graph_of(text), small_state(), partial=True)
    assert {match.entry.name for match in what.misfits} == {
        "body.conv1.conv.weight",
        "body.layer2.0.conv2.conv.weight",
        "body.layer2.1.conv2.conv.weight",
        "head.fc.weight",
        "head.fc.bias",
    }
    assert what.resized == ()


def test_blocks_taken_out_are_left_over() -> None:
    state = small_state()
    torch.save(state, "weights.pth")
    Path("small.yaml").write_text(SMALL)
    found = partial_run("--spec", "small.yaml", "--set", "stages.0.depth=1")
    assert sorted(names(found, "left_over")) == sorted(name for name in state if name.startswith("body.layer1.1."))
    assert found["new"] == found["resized"] == []
    text = tool(
        "convert", "weights.pth", "--spec", "small.yaml", "--set", "stages.0.depth=1", "--partial", "-o", "o.pth"
    )
    assert "left over      16  the module has none\n" in text.out


def test_the_seed_tells_what_is_initialised() -> None:
    torch.save(small_state(), "weights.pth")
    Path("small.yaml").write_text(SMALL.replace("num_classes: 5", "num_classes: 6"))
    before = torch.random.get_rng_state()
    seen = {}
    for seed in ("0", "0", "7"):
        partial_run("--spec", "small.yaml", "--seed", seed, "--force")
        data = Path("out.safetensors").read_bytes()
        assert seen.setdefault(seed, data) == data
    assert seen["0"] != seen["7"]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_new_tensors_have_the_precision_of_the_checkpoint() -> None:
    graph = build_graph_of(SMALL.replace("num_classes: 5", "num_classes: 6"))
    half = {name: value.half() if value.is_floating_point() else value for name, value in small_state().items()}
    assert converted(graph, half, partial=True)["head.fc.weight"].dtype == torch.float16


def test_a_resnet_with_another_stem() -> None:
    """timm's ResNet-50 in a spec that folds patches instead: all but the stem's convolution."""
    graph = graph_of("resnet50", "stem={type: space_to_depth, width: 64}")
    what = planned(graph, filled(shapes_of("resnet50")), partial=True)
    assert [match.entry.name for match in what.misfits] == ["body.conv1.conv.weight"]
    assert len(what.taken) == 319


@pytest.mark.parametrize(
    "known", ["efficientnet_b1", "torchvision_efficientnet_b1", "mobilenetv2_100", "torchvision_mobilenet_v2"]
)
def test_mobile_networks_align_by_stage_whatever_counts_their_blocks(known: str) -> None:
    """A block more in the third stage: the stages behind it still find theirs."""
    graph = graph_of("efficientnet_b1" if "efficientnet" in known else "mobilenetv2_100", "stages.2.depth=4")
    what = planned(graph, filled(shapes_of(known)), partial=True)
    assert {entry.layer.block.name for entry in what.missing if entry.layer.block} == {"body.layer3.3"}
    assert len(what.taken) == len(shapes_of(known))


def test_nothing_fits() -> None:
    torch.save({"x": torch.zeros(3), "y": torch.zeros(3)}, "weights.pth")
    result = tool("convert", "weights.pth", "--spec", "tresnet_m", "-o", "out.pth", "--partial")
    assert result.code == 1
    assert "none of 2 tensors has a name of tresnet_m's (x, y, ...)" in result.err
    assert not Path("out.pth").exists()
