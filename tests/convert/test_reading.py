"""Files of every form, whatever a state dict is wrapped in, give the same weights."""

import pickle
import tarfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn, serialization

from tests.cli.running import Result, tool
from tests.convert.checkpoints import SMALL, module_of, small_state
from tests.oracle import build_graph_of
from tresnet_gen.runtime.convert.archive import inspect

STATE = small_state()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)


def convert(path: str, *options: str) -> Result:
    return tool("convert", path, "--spec", "small.yaml", "-o", "out.safetensors", *options)


def same(path: str = "out.safetensors", state: dict[str, Tensor] = STATE) -> bool:
    """Return whether a file holds a state, bit by bit."""
    seen = load_file(path)
    return seen.keys() == state.keys() and all(torch.equal(seen[name], value) for name, value in state.items())


def parameters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state as `dict(model.named_parameters())` and buffers would be saved."""
    return {n: nn.Parameter(value) if value.is_floating_point() else value for n, value in state.items()}


def prefixed(prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}{name}": value for name, value in STATE.items()}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(STATE, id="plain"),
        pytest.param(OrderedDict(STATE), id="ordered"),
        pytest.param(parameters(STATE), id="parameters"),
        pytest.param({"state_dict": STATE, "epoch": 3, "best": torch.tensor(0.5)}, id="state_dict"),
        pytest.param({"model": STATE, "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}}, id="model"),
        pytest.param({"weights": STATE, "milestones": Counter([3, 6])}, id="other-key"),
        pytest.param({"state_dict": prefixed("module.")}, id="data-parallel"),
        pytest.param(prefixed("_orig_mod."), id="compiled"),
        pytest.param(prefixed("module._orig_mod."), id="both"),
        pytest.param({"state_dict": prefixed("model.")}, id="lightning"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_torch_files(content: Any, zipped: bool) -> None:
    torch.save(content, "weights.pth", _use_new_zipfile_serialization=zipped)
    result = convert("weights.pth")
    assert (result.code, result.err) == (0, "wrote out.safetensors\n")
    assert same()


def test_ordered_state_dict_of_a_module_with_its_metadata() -> None:
    network = module_of(build_graph_of(SMALL))
    torch.save(network.state_dict(), "weights.pth")
    assert convert("weights.pth").code == 0
    assert same(state=dict(network.state_dict()))


def test_safetensors_and_an_ending_that_says_nothing() -> None:
    save_file(STATE, "weights.bin")
    assert convert("weights.bin").code == 0
    assert same()


def test_a_state_dict_beside_others() -> None:
    other = {name: value + 1 for name, value in STATE.items()}
    torch.save({"state_dict": STATE, "state_dict_ema": other}, "weights.pth")
    result = convert("weights.pth")
    assert result.code == 0
    assert "in `state_dict` under" in result.out
    assert "--key takes state_dict_ema instead" in result.out
    assert same()
    assert convert("weights.pth", "--key", "state_dict_ema", "--force").code == 0
    assert same(state=other)


def test_a_key_that_is_not_there() -> None:
    torch.save({"one": STATE, "two": STATE}, "weights.pth")
    for options in ((), ("--key", "three")):
        result = convert("weights.pth", *options)
        assert result.code == 1
        assert "choose one with --key: one, two" in result.err
    assert convert("weights.pth", "--key", "two").code == 0


def test_an_old_checkpoint_without_batch_counters() -> None:
    old = {name: value for name, value in STATE.items() if not name.endswith("num_batches_tracked")}
    torch.save(old, "weights.pth")
    result = convert("weights.pth")
    assert result.code == 0
    assert "set to 0" in result.out
    assert same()


def test_precision_is_kept() -> None:
    half = {name: value.half() if value.is_floating_point() else value for name, value in STATE.items()}
    torch.save(half, "weights.pth")
    assert convert("weights.pth").code == 0
    assert same(state=half)


def test_views_of_one_storage() -> None:
    """Only the part that belongs to a tensor is read and written."""
    base = torch.arange(5.0 * 64).reshape(64, 5)
    shared = {**STATE, "head.fc.weight": base.T[:, :16], "head.fc.bias": base[0]}
    torch.save(shared, "weights.pth")
    assert convert("weights.pth").code == 0
    assert same(state={**shared, "head.fc.weight": base.T[:, :16].contiguous(), "head.fc.bias": base[0].contiguous()})


@pytest.mark.parametrize(
    ("change", "counts", "names"),
    [
        (lambda state: state.pop("head.fc.bias"), "1 missing", {"missing": ["head.fc.bias"]}),
        (lambda state: state.update(extra=torch.zeros(3)), "1 left over", {"left_over": ["extra"]}),
        (
            lambda state: state.update({"head.fc.bias": torch.zeros(6)}),
            "1 of another shape",
            {"misshapen": ["head.fc.bias"]},
        ),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_written(
    change: Callable[[Any], Any], counts: str, names: dict[str, list[str]]
) -> None:
    state = dict(STATE)
    change(state)
    torch.save(state, "weights.pth")
    result = convert("weights.pth")
    says = f"does not fit small: {counts}"
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"error: weights.pth {says}\n")
    assert "help: --partial takes what fits" in result.err
    assert not Path("out.safetensors").exists()
    found = convert("weights.pth", "--format", "json")
    assert (found.code, found.err, found.document["models"]) == (1, "", [])
    assert found.document["diagnostics"][0]["message"] == f"weights.pth {says}"
    conversion = found.document["conversion"]
    named = {key: [row["name"] for row in conversion[key]] for key in ("missing", "left_over", "misshapen")}
    assert named == {"missing": [], "left_over": [], "misshapen": [], **names}


def test_shapes_are_named() -> None:
    torch.save({**STATE, "head.fc.bias": torch.zeros(6)}, "weights.pth")
    assert "  head.fc.bias  6, needed 5\n" in convert("weights.pth").err


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_a_warning(value: float) -> None:
    state = {name: tensor.clone() for name, tensor in STATE.items()}
    state["body.conv1.conv.weight"][0, 0, 0, 0] = value
    torch.save(state, "weights.pth")
    result = convert("weights.pth")
    what = "NaN" if value != value else "infinity"
    assert result.code == 0
    assert f"warning: {what} in body.conv1.conv.weight\n" in result.err
    shown = convert("weights.pth", "--force", "--format", "json").document["diagnostics"]
    assert [(one["severity"], one["message"]) for one in shown] == [("warning", f"{what} in body.conv1.conv.weight")]


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_weights_that_are_no_floating_point_numbers(dtype: torch.dtype) -> None:
    torch.save({**STATE, "head.fc.bias": torch.zeros(5, dtype=dtype)}, "weights.pth")
    result = convert("weights.pth")
    assert result.code == 1
    assert result.err == f"error: weights.pth: head.fc.bias holds {str(dtype).removeprefix('torch.')} numbers\n"


def test_missing_checkpoint_and_folder() -> None:
    missing = convert("none.pth")
    assert (missing.code, missing.err) == (2, "error: cannot access none.pth: no such file or directory\n")
    Path("folder.pth").mkdir()
    folder = convert("folder.pth")
    assert (folder.code, folder.err) == (2, "error: cannot read folder.pth: it is not a regular file\n")


def test_a_filter_that_is_not_the_modules() -> None:
    save_file(STATE, "state.safetensors")
    words = ["--spec", "small.yaml", "-o", "official.pth", "--to", "official"]
    assert tool("convert", "state.safetensors", *words).code == 0
    box = torch.full((4, 1, 3, 3), 1 / 9)
    torch.save({**torch.load("official.pth", weights_only=True), "body.layer2.0.conv2.1.op.filt": box}, "weights.pth")
    result = convert("weights.pth")
    assert result.code == 0
    assert "dropped         1  blur filters, which the module computes" in result.out
    assert "warning: body.layer2.0.conv2.1.op.filt is another filter than the module's binomial one\n" in result.err


# A torch that can be made to run code.


@pytest.mark.parametrize("version", ["2.4.0", "2.5.1+cu124", "2.6.0.dev20241112"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_an_old_torch_reads_no_file_of_torch_save(version: str, zipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(STATE, "weights.pth", _use_new_zipfile_serialization=zipped)
    save_file(STATE, "weights.safetensors")
    monkeypatch.setattr(torch, "__version__", version)
    refused = convert("weights.pth")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        f"error: torch {version} can be made to run code by files of torch.save (CVE-2025-32434): "
        "install torch 2.6 or later, or use a safetensors file\n"
    )
    assert not Path("out.safetensors").exists()
    assert convert("weights.safetensors").code == 0
    assert same()


def test_what_is_pickles_to_us_can_be_an_archive_to_torch() -> None:
    """This is why: an old torch tries tar first, whose header fits into a text of the pickles we look through."""
    start = pickle.dumps(serialization.MAGIC_NUMBER, 2) + pickle.dumps(1001, 2) + b"\x80\x02X\xe4\x01\0\0"
    header = bytearray(start.ljust(512, b"\0"))
    header[100:156] = b"0000644\0" + b"0000000\0" * 2 + b"00000000000\0" * 2 + b" " * 8
    header[257:265] = b"ustar\x0000"
    header[148:156] = b"%06o\0 " % sum(header)
    Path("weights.pth").write_bytes(bytes(header) + b"." + pickle.dumps({}, 2) + pickle.dumps([], 2))
    assert tarfile.is_tarfile("weights.pth")
    assert inspect("weights.pth") == "legacy"
    result = convert("weights.pth")
    assert (result.code, result.out) == (1, "")
    assert "damaged, or no checkpoint" in result.err
