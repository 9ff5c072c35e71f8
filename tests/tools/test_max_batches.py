"""A reserve is found again from steps that it made, and unseen networks are held against a fit without them."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tools import max_batches
from tresnet_gen.analysis import devices

LADDER = [512, 384, 256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4]
NETWORKS = [
    *(
        "resnet34",
        "resnet50",
        "resnet50d",
        "resnet101",
        "resnet152",
        "seresnet50",
        "wide_resnet50_2",
        "resnext50_32x4d",
    ),
    *("regnetx_032", "regnetx_160", "regnety_032", "regnety_160", "efficientnet_b1", "efficientnet_b3", "mixnet_l"),
]
SIZES = 224, 256, 288, 320
FIGURES = ["max_batch_ge", "max_batch_lt"]


def steps(reserve_bytes: float) -> list[dict[str, str]]:
    """Return rows as a table has them, of batches that leave a reserve on an RTX 3090."""
    limit = devices.gpu("rtx3090").memory_bytes - reserve_bytes
    rows = []
    for name in NETWORKS:
        for size in SIZES:
            fits = [batch for batch in LADDER if max_batches.peak_bytes((name, size, False), batch) <= limit]
            failed = [batch for batch in LADDER if batch > fits[0]]
            where = {
                "source": "made",
                "device": "3090",
                "mem_gib": "24",
                "arch": name,
                "img_size": str(size),
                "abn": "",
            }
            rows.append(where | dict(zip(FIGURES, [str(fits[0]), str(failed[-1]) if failed else ""], strict=True)))
    return rows


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.mark.parametrize("reserve_gb", [2.0, 3.5])
def test_the_reserve_is_found_again(tmp_path: Path, reserve_gb: float) -> None:
    rows, left_out = max_batches.read(written(tmp_path / "table.csv", steps(reserve_gb * 1e9)))
    assert (len(rows), left_out.total()) == (60, 0)
    memory_bytes = devices.gpu("rtx3090").memory_bytes
    found = max_batches.bounds(rows, max_batches.peak_bytes)
    usable = found.usable(memory_bytes)
    assert found.right(usable).all()
    assert (memory_bytes - usable) / 1e9 == pytest.approx(reserve_gb, abs=0.35)
    assert max_batches.unseen_right(rows, max_batches.peak_bytes, memory_bytes).mean() >= 0.9


def test_a_network_is_not_fitted_to_itself(tmp_path: Path) -> None:
    """One network that alone fits twice what it should would pull the limit to itself."""
    made = [row for row in steps(2e9) if row["arch"] in ("resnet50", "regnety_160")]
    for row in made:
        if row["arch"] == "resnet50":
            row["max_batch_ge"], row["max_batch_lt"] = "1024", "1536"
    rows, _ = max_batches.read(written(tmp_path / "table.csv", made))
    right = max_batches.unseen_right(rows, max_batches.peak_bytes, devices.gpu("rtx3090").memory_bytes)
    wrong = np.array([row.network[0] == "resnet50" for row in rows])
    assert not right[wrong].any()


def test_networks_outside_the_language_are_counted(tmp_path: Path) -> None:
    row = steps(2e9)[0]
    table = written(tmp_path / "table.csv", [row, row | {"arch": "gernet_s"}, row | {"arch": "nobody_knows"}])
    rows, left_out = max_batches.read(table)
    assert (len(rows), left_out) == (1, {"gernet_s": 1, "nobody_knows": 1})


def test_the_sum_takes_a_little_more_than_what_is_saved() -> None:
    saved = 43_863_808  # ResNet-50's half-precision feature maps, counted by hooks on timm's
    largest = 64 * 112 * 112 * 2
    weights = 14 * 25_557_032
    assert max_batches.sum_bytes(("resnet50", 224, False), 100) == pytest.approx(
        100 * (saved + largest) + weights, rel=0.01
    )


def test_shipped_reserves_are_told_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "memory.md").read_text()
    for title, name in (("RTX 3090", "rtx3090"), ("V100, 16 GB", "v100-16gb")):
        reserve = devices.gpu(name).reserve_bytes
        assert reserve is not None
        assert f"| {title} | {reserve / 1e9:.2f} GB |" in page
