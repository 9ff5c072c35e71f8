"""What is written: whole or not at all, the same bytes each time, under the names that were asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from tests.cli.running import Result, tool
from tests.convert.checkpoints import OFFICIAL, SMALL, filled, graph_of, official, shapes_of, small_state

STATE = small_state()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    torch.save(STATE, "weights.pth")


def convert(path: str = "weights.pth", output: str = "out.safetensors", *options: str) -> Result:
    return tool("convert", path, "--spec", "small.yaml", "-o", output, *options)


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], value) for name, value in other.items())


@pytest.mark.parametrize("output", ["out.safetensors", "out.pth", "deep/er/out.pt"])
def test_forms(output: str) -> None:
    result = convert("weights.pth", output)
    assert (result.code, result.err) == (0, f"wrote {output}\n")
    read = load_file(output) if output.endswith("tensors") else torch.load(output, weights_only=True)
    assert equal(read, STATE)
    first = Path(output).read_bytes()
    assert convert("weights.pth", output, "--force").code == 0
    assert Path(output).read_bytes() == first


def test_safetensors_say_whose_they_are() -> None:
    convert()
    with safe_open("out.safetensors", framework="pt") as file:
        assert file.metadata() == {"format": "pt"}


def test_no_overwriting_without_force() -> None:
    Path("out.pth").write_text("mine")
    refused = convert("weights.pth", "out.pth")
    assert (refused.code, refused.err) == (2, "error: out.pth exists; --force overwrites it\n")
    assert convert("weights.pth", "out.pth", "--format", "json").document["models"] == []
    assert Path("out.pth").read_text() == "mine"
    assert convert("weights.pth", "out.pth", "--force").code == 0
    assert equal(torch.load("out.pth", weights_only=True), STATE)


def test_in_place() -> None:
    """The checkpoint itself may be replaced: it is read from where it was."""
    assert convert("weights.pth", "weights.pth", "--force").code == 0
    assert equal(torch.load("weights.pth", weights_only=True), STATE)


def test_a_link_is_followed_and_permissions_are_kept() -> None:
    Path("real.pth").write_text("old")
    Path("real.pth").chmod(0o600)
    Path("link.pth").symlink_to("real.pth")
    assert convert("weights.pth", "link.pth", "--force").code == 0
    assert Path("link.pth").is_symlink()
    assert Path("real.pth").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("output", ["out.bin", "out", "-", "folder.pth"])
def test_outputs_that_cannot_be(output: str) -> None:
    Path("folder.pth").mkdir()
    result = convert("weights.pth", output)
    assert result.code == 2
    assert "-o" in result.err


def test_a_file_where_a_folder_must_be() -> None:
    result = convert("weights.pth", "small.yaml/out.pth")
    assert result.code == 2
    assert result.err.startswith("error: cannot write small.yaml/out.pth: ")
    assert sorted(path.name for path in Path().iterdir()) == ["small.yaml", "weights.pth"]


def test_nothing_is_left_behind_but_the_file() -> None:
    convert()
    assert sorted(path.name for path in Path().iterdir()) == ["out.safetensors", "small.yaml", "weights.pth"]


# Other names.


def test_official_names_and_back() -> None:
    assert convert("weights.pth", "official.pth", "--to", "official").code == 0
    written = torch.load("official.pth", weights_only=True)
    assert "body.layer2.0.conv2.0.1.weight" in written
    assert convert("official.pth").code == 0
    back = load_file("out.safetensors")
    assert back.keys() == STATE.keys()
    for name, value in STATE.items():
        is_scale = name.endswith("bn.weight")
        assert torch.allclose(back[name], value, rtol=1e-6) if is_scale else torch.equal(back[name], value)


@pytest.mark.parametrize("name", ["v1_tresnet_m"])
def test_official_checkpoints_come_back(name: str) -> None:
    """All but the signs of norm weights, which in-place ABN does not see, and the filters."""
    graph, tensors = graph_of(OFFICIAL[name][0]), official(name)
    torch.save(tensors, "official.pth")
    arguments = ("--spec", graph.spec.name, "-o", "again.pth", "--to", "official")
    assert tool("convert", "official.pth", *arguments).code == 0
    again = torch.load("again.pth", weights_only=True)
    assert {*again} == {entry for entry in tensors if not entry.endswith(".filt")}
    for entry, value in again.items():
        scale = value.dim() == 1 and entry.endswith(".1.weight")
        known = tensors[entry].abs() if scale else tensors[entry]
        assert torch.allclose(value, known, rtol=0, atol=1e-15) if scale else torch.equal(value, known)


def test_norm_weights_that_in_place_norms_never_have() -> None:
    state = {**STATE, "body.conv1.bn.weight": torch.tensor([1e-5, 9e-6, 0.0, -1.0, 1.0, 1.0, 1.0, 1.0])}
    torch.save(state, "weights.pth")
    result = convert("weights.pth", "out.pth", "--to", "official")
    assert (result.code, result.out) == (1, "")
    assert "3 norm weights, the first in body.conv1.bn.weight, are below 1e-05" in result.err
    assert not Path("out.pth").exists()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("resnet18", "timm"),
        ("resnet50d", "timm"),
        ("resnet50", "torchvision"),
        ("seresnext50_32x4d", "timm"),
        ("efficientnet_b1", "timm"),
        ("mixnet_l", "timm"),
        ("mobilenetv3_large_100", "timm"),
        ("shufflenet_v2_x1_0", "torchvision"),
    ],
)
def test_names_of_others_come_back_bit_by_bit(name: str, word: str) -> None:
    """Also MixNet's groups that are convolutions of their own, and a linear layer that is a 1x1 convolution."""
    tensors = filled(shapes_of(name))
    torch.save(tensors, "known.pth")
    assert tool("convert", "known.pth", "--spec", name, "-o", "ours.pth").code == 0
    ours = torch.load("ours.pth", weights_only=True)
    assert [(entry, tuple(value.shape)) for entry, value in ours.items()] == list(graph_of(name).state_shapes())
    assert tool("convert", "ours.pth", "--spec", name, "-o", "again.pth", "--to", word).code == 0
    assert equal(torch.load("again.pth", weights_only=True), tensors)


def test_words_that_have_no_such_network() -> None:
    result = convert("weights.pth", "out.pth", "--to", "torchvision")
    assert (result.code, result.err) == (1, "error: --to torchvision: it has no such networks as small\n")


# Without the packages.

RUN = "import sys; sys.modules[{name!r}] = None; sys.argv[0] = 'tresnet-gen'; from tresnet_gen.cli import main; main()"


@pytest.mark.parametrize(
    ("missing", "output", "says"),
    [
        (
            "torch",
            "out.pth",
            "install torch 2.4 or later beside tresnet-gen (pip install torch)",
        ),
        ("safetensors", "out.safetensors", "pip install safetensors, or use .pth files"),
    ],
)
def test_a_package_that_is_missing(missing: str, output: str, says: str) -> None:
    words = ["convert", "weights.pth", "--spec", "small.yaml", "-o", output]
    command = [sys.executable, "-c", RUN.format(name=missing), *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {missing} cannot be imported (")
    assert done.stderr.rstrip().endswith(says)
    assert not Path(output).exists()
