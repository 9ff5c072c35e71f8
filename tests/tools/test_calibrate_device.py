"""One's own GPU: prices or a factor are found again, and faults of a table are told with their line."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.running import tool
from tools import calibrate_device
from tresnet_gen.analysis import devices, throughput

SHEET = "{title: mine, memory_gib: 24, tensor_tflops: 165, bandwidth_gb_s: 1008, like: rtx3090}"
NETWORKS = [
    *("resnet18", "resnet34", "resnet50", "resnet50d", "resnet101", "wide_resnet50_2", "seresnet50", "tresnet_m"),
    *("resnext50_32x4d", "regnetx_032", "regnety_032", "mobilenetv2_100", "mixnet_l", "mixnet_s", "tresnet_l"),
    *("efficientnet_b0", "efficientnet_b3", "mobilenetv3_large_100", "efficientnetv2_s", "regnetx_064"),
]
MODE = "infer nchw"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SHEET)
    return path


def measured(folder: Path, names: list[str], gpu: str, times: float = 1.0) -> Path:
    """Return a table of what a GPU's prices give."""
    path = folder / "measured.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["spec", "images_per_s", "size"])
        for name in names:
            graph = calibrate_device.graph(name, "224")
            table.writerow([name, times * throughput.predict(graph, devices.gpu(gpu), MODE).images_per_s, 224])
    return path


def calibrated(*arguments: object) -> None:
    assert calibrate_device.main([str(argument) for argument in arguments]) == 0


def test_prices_are_found_again(device: Path) -> None:
    """Twenty networks timed on an RTX 4090 make its prices out of its data sheet."""
    calibrated(device, measured(device.parent, NETWORKS, "rtx4090"))
    found, known = devices.load(str(device), "mine").modes[MODE], devices.gpu("rtx4090").modes[MODE]
    assert dict(found.prices) == pytest.approx(dict(known.prices), rel=0.05)
    assert found.error.pct < 1
    assert yaml.safe_load(device.read_text())["source"]["rows"] == len(NETWORKS)
    document = tool("estimate", "resnet101", "--device", device, "--format", "json").document
    assert document["models"][0]["throughput"][0]["basis"] == "calibrated"


def test_a_few_networks_give_a_factor(device: Path) -> None:
    """Rates 0.8 times those borrowed are a factor of 1.25 on the prices; modes that were not measured stay."""
    device.write_text("{title: mine, memory_gib: 24, tensor_tflops: 71, bandwidth_gb_s: 936, like: rtx3090}")
    calibrated(device, measured(device.parent, NETWORKS[:4], "rtx3090", 0.8))
    assert devices.load(str(device), "mine").modes[MODE].factors == pytest.approx({"others": 1.25}, rel=1e-3)
    table = device.parent / "trained.csv"
    table.write_text("spec,images_per_s,mode,layout\nresnet18,1000,train,nhwc\nresnet50,400,train,nhwc\n")
    calibrated(device, table)
    assert set(devices.load(str(device), "mine").modes) == {MODE, "train nhwc"}


def test_the_example_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "throughput.md").read_text()
    (tmp_path / "mine.yaml").write_text(block(page, "title: a card of mine"))
    (tmp_path / "measured.csv").write_text(block(page, "spec,images_per_s"))
    calibrated(tmp_path / "mine.yaml", tmp_path / "measured.csv")
    shown = block(page, "$ python tools/calibrate_device.py mine.yaml measured.csv").splitlines()[1:]
    assert capsys.readouterr().out.replace(f"{tmp_path}/", "").splitlines() == shown


def block(page: str, first: str) -> str:
    """Return the fenced block of a page that begins with some text."""
    start = page.index(f"\n{first}") + 1
    return page[start : page.index("```", start)]


def test_check_writes_nothing_and_one_network_is_no_fit(device: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = measured(device.parent, NETWORKS[:3], "rtx4090")
    calibrated(device, table, "--check")
    assert "infer nchw: 3 rows, factor" in capsys.readouterr().out
    table.write_text("spec,images_per_s\nresnet18,1000\n")
    calibrated(device, table)
    assert "one network alone is left out; `--anchor` takes it" in capsys.readouterr().out
    assert device.read_text() == SHEET


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "no column spec, images_per_s"),
        ("spec,rate\n", "no column images_per_s"),
        ("spec,images_per_s,colour\n", "unknown column colour; there are spec, images_per_s, size"),
        ("spec,images_per_s\nresnet18,1000\nresnet50,fast\n", "table.csv:3: images_per_s must be a number above 0"),
        ("spec,images_per_s\nresnet18\n", "table.csv:2: images_per_s must be a number above 0"),
        ("spec,images_per_s\nresnet18,inf\n", "table.csv:2: images_per_s must be a number above 0"),
        ("spec,images_per_s\nresnet18,1,2\n", "table.csv:2: more cells than columns"),
        ("spec,images_per_s,mode,compile\nresnet18,1,train,1\n", "table.csv:2: no such mode: train, nchw, compile 1"),
        ("spec,images_per_s,layout\nresnet18,1,chwn\n", "table.csv:2: no such mode: infer, chwn"),
    ],
)
def test_faults_of_a_table(tmp_path: Path, table: str, said: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(table)
    with pytest.raises(calibrate_device.TableError) as caught:
        calibrate_device.read(path)
    assert said in str(caught.value)


def test_as_a_program_it_exits_with_2_and_a_line(device: Path) -> None:
    table = device.parent / "table.csv"
    table.write_text("spec,images_per_s\nresnet55,100\nresnet50,100\n")
    command = [sys.executable, calibrate_device.__file__, device, table]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no bundled spec is named resnet55; did you mean resnet50?\n"
    assert device.read_text() == SHEET
