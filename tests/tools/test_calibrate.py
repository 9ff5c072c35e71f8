"""The calibration finds prices that a table was made with, and refuses a network that is not the table's."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))

import calibrate  # noqa: E402
import calibration_specs  # noqa: E402
import weights as weighing  # noqa: E402
from fitting import cross_validated, fitted, mean_error, pairs_right, spearman  # noqa: E402

from tresnet_gen.analysis import devices, throughput  # noqa: E402
from tresnet_gen.analysis.counts import count  # noqa: E402
from tresnet_gen.frontend.load import load_spec, parse_spec  # noqa: E402
from tresnet_gen.graph.build import build_graph  # noqa: E402

MODE = "infer nchw"
NETWORKS = [
    *("resnet18", "resnet34", "resnet50", "resnet50d", "resnet101", "wide_resnet50_2", "seresnet50", "resnetrs50"),
    *("resnext50_32x4d", "regnetx_032", "regnetx_064", "regnety_008", "regnety_032", "mobilenetv2_100", "mixnet_l"),
    *("efficientnet_b0", "efficientnet_b3", "efficientnetv2_s", "mobilenetv3_large_100", "mnasnet_100", "tresnet_m"),
]


def records() -> list[dict[str, str]]:
    """Return rows as a table has them, of rates that the RTX 4090's prices give."""
    rows = []
    for name in NETWORKS:
        graph = calibrate.graph((name, 224, False))
        totals = count(graph).totals
        rows.append(
            {
                **{"device": "4090", "precision": "amp", "layout": "nchw", "compile": "eager", "mode": "infer"},
                **{"model": name, "arch": name, "family": name[:6], "group": name, "img_size": "224", "abn": ""},
                "samples_per_s": repr(throughput.predict(graph, devices.gpu("rtx4090"), MODE).images_per_s),
                "gmacs_trace": f"{totals.macs / 1e9:.4f}",
                "macts_trace": f"{totals.activations / 1e6:.3f}",
                "params_trace": f"{totals.params / 1e6:.3f}",
                "primary": "1",
            }
        )
    return rows


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


def test_prices_are_found_again(tmp_path: Path) -> None:
    table = calibrate.read(written(tmp_path / "table.csv", records()))
    assert len(table.rows) == len(NETWORKS)
    features, seconds = calibrate.matrix(table.rows, calibrate.shipped(MODE))
    prices = fitted(features, seconds, calibrate.floors(devices.gpu("rtx4090"), MODE))
    known = devices.gpu("rtx4090").modes[MODE].prices
    assert dict(zip(known, prices, strict=True)) == pytest.approx(known, rel=0.02)


def test_rows_that_are_left_out_have_a_reason(tmp_path: Path) -> None:
    first, *rest = records()
    rows = [{**first, "model": "tf_efficientnet_b0"}, {**first, "family": "lcnet"}, {**first, "primary": "0"}, *rest]
    table = calibrate.read(written(tmp_path / "table.csv", rows))
    assert len(table.rows) == len(rest)
    assert sorted(reason.partition(":")[0] for reason in table.left_out) == ["lcnet", "tf_"]


@pytest.mark.parametrize("column", ["gmacs_trace", "macts_trace", "params_trace"])
def test_a_network_with_other_counts_is_never_fitted(tmp_path: Path, column: str) -> None:
    rows = records()
    rows[2][column] = str(1.01 * float(rows[2][column]))
    with pytest.raises(SystemExit, match=f"resnet50 at 224: {column}"):
        calibrate.read(written(tmp_path / "table.csv", rows))


def test_calibration_networks_are_the_bundled_ones() -> None:
    """Two descriptions of one network, made apart, are one graph."""
    shared = ["resnet50d", "resnext50_32x4d", "regnety_032", "efficientnet_b3", "mixnet_l", "mobilenetv3_large_100"]
    for name in shared:
        text = calibration_specs.text(name)
        assert text
        ours, bundled = (build_graph(spec) for spec in (parse_spec(text), load_spec(name, ["input.size=224"])))
        ours_ops, bundled_ops = ([(node.op, node.shape) for node in graph.nodes] for graph in (ours, bundled))
        assert ours_ops == bundled_ops, name


def test_every_calibration_network_is_legal() -> None:
    for name in calibration_specs.SPECS:
        assert build_graph(parse_spec(calibration_specs.text(name) or "", name)).nodes


def test_figures_of_merit() -> None:
    seconds = np.array([1.0, 1.2, 1.4, 4.0])
    assert mean_error(seconds * 2, seconds) == 0.5
    assert spearman(seconds**2, seconds) == 1.0
    assert spearman(-seconds, seconds) == -1.0
    # Pairs 5 to 50 % apart: 1 and 1.2, 1 and 1.4, 1.2 and 1.4; the last one is ordered wrong.
    assert pairs_right(np.array([1.0, 1.5, 1.4, 0.1]), seconds) == pytest.approx(2 / 3)


def test_a_fit_keeps_its_floor_and_cross_validation_its_groups() -> None:
    generator = np.random.default_rng(0)
    features = generator.uniform(0.5, 2.0, (60, 3))
    seconds = features @ np.array([1.0, 0.0, 2.0])
    assert fitted(features, seconds, np.zeros(3)) == pytest.approx([1.0, 0.0, 2.0], abs=1e-6)
    assert fitted(features, seconds, np.array([0.0, 0.5, 0.0]))[1] == pytest.approx(0.5)
    groups = [str(index // 6) for index in range(60)]
    seen: list[int] = []

    def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        seen.append(len(y))
        return fitted(x, y, np.zeros(3))

    assert cross_validated(features, seconds, groups, fit, 5, 0) == pytest.approx(seconds)
    assert seen == [48] * 5


TERMS = {"macs": {"macs": 1.0, "stem_macs": 1.0}, "bytes": {"read": 1.0, "written": 1.0, "idle": 1.0}}


def drawn_samples(form: weighing.Form, true: list[float]) -> list[weighing.Sample]:
    """Return rows of two GPUs whose seconds follow from known weights and prices."""
    generator = np.random.default_rng(1)
    found = []
    for prices in ([1.0, 2.0], [3.0, 0.5]):
        amounts = generator.uniform(0.2, 2.0, (80, len(form.quantities)))
        seconds = form.features(amounts, np.array(true)) @ np.array(prices)
        found.append(weighing.Sample(amounts, seconds, [str(index // 4) for index in range(80)], np.zeros(2)))
    return found


def test_weights_are_found_again() -> None:
    form = weighing.Form(TERMS)
    true = [1.0, 2.0**1.5, 1.0, 0.5, 1.0]
    assert weighing.searched(form, drawn_samples(form, true)).tolist() == pytest.approx(true)
    assert weighing.searched(form, drawn_samples(form, [1.0] * 5)).tolist() == [1.0] * 5


def test_cross_validation_sees_no_row_of_the_group_it_predicts() -> None:
    """Rows of one group are made absurd: predictions for that group stay what the others say."""
    form = weighing.Form(TERMS)
    clean = drawn_samples(form, [1.0] * 5)
    spoilt = [own._replace(seconds=own.seconds * np.where(np.array(own.groups) == "7", 50.0, 1.0)) for own in clean]
    for own, plain, predicted in zip(spoilt, clean, weighing.cross_validated(form, spoilt, 20, 0), strict=True):
        odd = np.array(own.groups) == "7"
        assert predicted[odd] == pytest.approx(plain.seconds[odd], rel=1e-6)


def test_a_group_is_in_one_fold_on_every_gpu() -> None:
    form = weighing.Form(TERMS)
    samples = drawn_samples(form, [1.0] * 5)
    one, other = weighing.folds(samples, 5, 3)
    assert one.tolist() == other.tolist()
    assert len({(group, fold) for group, fold in zip(samples[0].groups, one.tolist(), strict=True)}) == 20


def test_the_page_tells_the_errors_that_the_device_files_record() -> None:
    page = (ROOT / "docs" / "throughput.md").read_text()
    edits: dict[str, list[float]] = {}
    for name in calibrate.FITTED:
        sheet = yaml.safe_load((Path(devices.FOLDER) / f"{name}{devices.SUFFIX}").read_text())
        for mode, found in sheet["modes"].items():
            [row] = [line for line in page.splitlines() if line.startswith(f"| {name}, {mode} |")]
            cells = [cell.strip(" %") for cell in row.split("|")[2:7]]
            assert (int(cells[0]), float(cells[2])) == (found["rows"], found["spearman"])
            if "grouped" in found:
                errors = found["grouped"]["error_pct"], found["error_pct"]
                assert "error on these networks is {:.0f} %, on others {:.0f} %".format(*errors) in " ".join(
                    page.split()
                )
            else:
                assert float(cells[1]) == pytest.approx(found["error_pct"], abs=0.0501)
            assert float(cells[4]) == pytest.approx(found["family_error_pct"], abs=0.0501)
            kind = "train" if mode == "train nchw" else "compile" if mode == "infer compile" else mode.split()[0]
            edits.setdefault("none" if mode == "train nhwc" else kind, []).append(found["edit_error_pct"])
    told = [f"{figure:.1f}" for kind in ("infer", "compile") for figure in (min(edits[kind]), max(edits[kind]))]
    said = " ".join(page.split())
    assert "errs by {} to {} % in eager inference, {} to {} % compiled".format(*told) in said
    assert f"{edits['train'][0]:.1f} % in NCHW training" in said
    bare, anchored = (devices.transfer()[basis] for basis in (throughput.DATA_SHEET, throughput.ANCHORED))
    assert f"rates were {bare.low:.2f} to {bare.high:.2f} times the predicted" in said
    assert f"{bare.pct:.0f} % off in the mean" in said
    assert f"the error falls to {anchored.pct:.0f} %" in said
