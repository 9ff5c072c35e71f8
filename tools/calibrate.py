"""Fits the throughput model to published measurements; writes its weights and the prices of the device files.

    python tools/calibrate.py TABLE.csv [--check]

tools/measurements.py says what TABLE holds. Rows with primary = 1 are fitted whose network the spec language says; its
counts must agree with the row's. Prints errors by cross-validation over architectures, in which weights and prices are
both found anew without the rows they are held against; --check writes nothing.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import weights as weighing  # noqa: E402
from fitting import Array, cross_validated, fitted, mean_error, pairs_right, spearman  # noqa: E402
from measurements import Row, Table, graph, quantities, read  # noqa: E402
from weights import Form, Sample  # noqa: E402

from tresnet_gen.analysis import devices, throughput, throughput_terms  # noqa: E402
from tresnet_gen.analysis.counts import count  # noqa: E402
from tresnet_gen.analysis.throughput_terms import COMPUTE, terms  # noqa: E402

TERMS = terms()
FITTED = ("rtx3090", "rtx4090", "rtx-pro-6000-maxq")
FLOOR = 0.7  # of what the data sheet's peaks would take
FOLDS, SEEDS = 5, (0, 1, 2)
BAND = (5, 95)  # percent: nine in ten
PASSES = {"infer": 1, "train": 3}
TOLD_APART = ("train nhwc",)  # modes where some networks err far more
ROWS_FOR_TWO = 7
LEAST_FACTOR = 0.5
ANCHOR = ("resnet50", 224)
EDITS = (
    *(("resnet50", "resnet50d"), ("resnet50", "seresnet50"), ("resnet50", "wide_resnet50_2"), ("resnet26", "resnet50")),
    *(("resnet50", "resnext50_32x4d"), ("resnet50t", "seresnet50t"), ("resnet18", "seresnet18")),
    *(
        ("resnet101d", "resnet152d"),
        ("resnet152d", "resnet200d"),
        ("resnet200d", "seresnet200d"),
        ("resnet50", "resnet50t"),
    ),
    *(("resnext101_64x4d", "seresnext101_64x4d"), ("seresnext101_32x4d", "seresnext101_32x8d")),
    *(("resnext50_32x4d", "resnext50d_32x4d"), ("tresnet_m", "tresnet_l"), ("resnet50", "resnetrs50")),
    *(("efficientnet_lite0", "efficientnet_b0"), ("mobilenetv2_100", "mobilenetv2_110d"), ("mixnet_m", "mixnet_xl")),
    *(
        ("mobilenetv2_110d", "mobilenetv2_120d"),
        ("mnasnet_075", "semnasnet_075"),
        ("mobilenetv2_075", "mobilenetv2_100"),
    ),
)


class Model(NamedTuple):
    """What a mode's quantities weigh."""

    form: Form
    weights: Array


def shipped(mode: str) -> Model:
    """Return the model of a mode as it is in the package."""
    form = Form(TERMS[mode])
    return Model(form, np.array([TERMS[mode][term][name] for term, name in form.quantities]))


def main() -> int:
    """Read, fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    table = read(arguments.table)
    print(f"{len(table.rows)} rows of {len({row.network for row in table.rows})} networks; sha256 {table.sha256}")
    for reason, rows in sorted(table.left_out.items()):
        print(f"  left out, {rows} rows: {reason}")
    models, found = fit_all(table)
    scale_all(table, models, found)
    bases = transfers(table, models, found)
    if not arguments.check:
        write_weights(models)
        for gpu, modes in found.items():
            write(gpu, modes, table)
        write_transfer(bases, table)
    return 0


# Features.


def matrix(rows: Iterable[Row], model: Model) -> tuple[Array, Array]:
    """Return the features and seconds of rows of one mode."""
    listed = list(rows)
    amounts = np.array([model.form.row(quantities(row.network, row.mode)) for row in listed])
    return model.form.features(amounts, model.weights), np.array([row.seconds for row in listed])


def sample(rows: Sequence[Row], form: Form, groups: Sequence[str]) -> Sample:
    """Return the rows of a GPU and mode as what weights are searched on."""
    gpu, mode = rows[0].gpu, rows[0].mode
    amounts = np.array([form.row(quantities(row.network, mode)) for row in rows])
    return Sample(amounts, np.array([row.seconds for row in rows]), groups, floors(devices.gpu(gpu), mode))


# Fits.


def fit_all(table: Table) -> tuple[dict[str, Model], dict[str, dict[str, Any]]]:
    """Return the models of all modes, and what the device files say of GPUs with enough rows; print the errors."""
    models: dict[str, Model] = {}
    found: dict[str, dict[str, Any]] = {name: {} for name in FITTED}
    print("\ncross-validated over architectures, 5 folds, 3 draws; baselines refitted in the same folds")
    head = "gpu", "mode", "rows", "error %", "median", "p95", "Spearman", "pairs %", "family out", "MACs", "MACs+acts"
    print(_line(head))
    for mode in TERMS:
        by_gpu = {gpu: [row for row in table.rows if (row.gpu, row.mode) == (gpu, mode)] for gpu in FITTED}
        models[mode] = _fit_mode(mode, {gpu: rows for gpu, rows in by_gpu.items() if rows}, found)
    return models, found


def _fit_mode(mode: str, by_gpu: dict[str, list[Row]], found: dict[str, dict[str, Any]]) -> Model:
    form = Form(TERMS[mode])
    samples = [sample(rows, form, [row.group for row in rows]) for rows in by_gpu.values()]
    families = [sample(rows, form, [row.family for row in rows]) for rows in by_gpu.values()]
    runs = [weighing.cross_validated(form, samples, FOLDS, seed) for seed in SEEDS]
    unseen = weighing.cross_validated(form, families, len({name for own in families for name in own.groups}), 0)
    model = Model(form, weighing.searched(form, samples))
    for index, (gpu, rows) in enumerate(by_gpu.items()):
        own = [run[index] for run in runs]
        found[gpu][mode] = _prices(gpu, rows, model) | _errors(gpu, rows, own, unseen[index])
    return model


def _prices(gpu: str, rows: list[Row], model: Model) -> dict[str, Any]:
    mode = rows[0].mode
    prices = fitted(*matrix(rows, model), floors(devices.gpu(gpu), mode)).tolist()
    return {"prices": {term: float(f"{price:.4g}") for term, price in zip(TERMS[mode], prices, strict=True)}}


def _errors(gpu: str, rows: list[Row], runs: list[Array], unseen: Array) -> dict[str, Any]:
    """Print how far the predictions for rows that a fit had not seen are off, and return it for a device file."""
    mode, seconds = rows[0].mode, np.array([row.seconds for row in rows])
    ratios = np.concatenate([run / seconds for run in runs])  # measured over predicted rate
    error, rho, pairs = (
        float(np.mean([measure(run, seconds) for run in runs])) for measure in (mean_error, spearman, pairs_right)
    )
    absolute = np.abs(1 / ratios - 1)
    plain = [_baseline(rows, seconds, names) for names in (("macs",), ("macs", "activations"))]
    figures = (error, np.median(absolute), np.percentile(absolute, 95), pairs, mean_error(unseen, seconds), *plain)
    cells = [f"{100 * figure:.2f}" for figure in figures]
    print(_line((gpu, mode, str(len(rows)), *cells[:3], f"{rho:.4f}", *cells[3:])), flush=True)
    edits = [_edits(rows, run, seconds) for run in runs]
    edit_error = float(np.mean([found.error for found in edits]))
    right = float(np.mean([found.right for found in edits]))
    print(f"    {edits[0].pairs} single edits: mean error of the ratio {edit_error:.2f} %, direction right {right:.0%}")
    told = _error(ratios)
    if mode in TOLD_APART:
        odd = np.tile([any(throughput.is_grouped(node.op) for node in graph(r.network).nodes) for r in rows], len(runs))
        told = {**_error(ratios[~odd]), "grouped": _error(ratios[odd])}
        print(f"    with grouped convolutions or blurs {told['grouped']['error_pct']} %, without {told['error_pct']} %")
    family = round(100 * mean_error(unseen, seconds), 2)
    return {
        **told,
        "edit_error_pct": round(edit_error, 2),
        "family_error_pct": family,
        "spearman": round(rho, 4),
        "rows": len(rows),
    }


def _error(ratios: Array) -> dict[str, Any]:
    """Return what a device file says of measured over predicted rates."""
    low, high = np.percentile(ratios, BAND)
    error = 100 * float(np.abs(1 / ratios - 1).mean())
    return {"error_pct": round(error, 2), "low": round(float(low), 3), "high": round(float(high), 3)}


def floors(sheet: devices.Gpu, mode: str) -> Array:
    """Return the least price of each term: compute and bytes no cheaper than the data sheet's peaks allow."""
    compute = FLOOR * PASSES[mode.split()[0]] / (sheet.tensor_tflops * 0.5e12)
    memory = FLOOR / (sheet.bandwidth_gb_s * 1e9)
    bytes_terms = ("convolution", "depthwise", "elementwise")
    return np.array([compute if term in COMPUTE else memory if term in bytes_terms else 0.0 for term in TERMS[mode]])


def _baseline(rows: list[Row], seconds: Array, names: tuple[str, ...]) -> float:
    totals = [count(graph(row.network)).totals for row in rows]
    x = np.array([[float(getattr(total, name)) for name in names] for total in totals])
    nothing = np.zeros(len(names))
    groups = [row.group for row in rows]
    run = cross_validated(x, seconds, groups, lambda a, b: fitted(a, b, nothing), FOLDS, 0)
    return mean_error(run, seconds)


class Edits(NamedTuple):
    """Pairs of networks that one edit sets apart: mean error of the ratio of rates in percent, share told right."""

    pairs: int
    error: float
    right: float


def _edits(rows: list[Row], predicted: Array, seconds: Array) -> Edits:
    """Return how well ratios of rates are predicted; which is faster is asked where they are 2 % apart."""
    at = {(row.arch, row.size): index for index, row in enumerate(rows)}
    sizes = sorted({row.size for row in rows})
    both = [(at[a, s], at[b, s]) for a, b in EDITS for s in sizes if (a, s) in at and (b, s) in at]
    said, measured = (np.array([v[i] / v[j] for i, j in both]) for v in (predicted, seconds))
    clear = np.abs(np.log(measured)) > math.log(1.02)
    right = (np.sign(np.log(said)) == np.sign(np.log(measured)))[clear].mean()
    return Edits(len(both), 100 * float(np.abs(said / measured - 1).mean()), float(right))


def _line(cells: Sequence[str]) -> str:
    return "  ".join([f"{cells[0]:18}", f"{cells[1]:13}", *(f"{cell:>10}" for cell in cells[2:])])


# GPUs with few rows or none.


def scale_all(table: Table, models: dict[str, Model], found: dict[str, dict[str, Any]]) -> None:
    """Add factors for the modes of GPUs that have too few rows for prices."""
    print("\nfactors on the prices of another GPU; error of each row from factors fitted to the others")
    for gpu, mode in sorted({(row.gpu, row.mode) for row in table.rows if row.gpu not in FITTED}):
        rows = [row for row in table.rows if (row.gpu, row.mode) == (gpu, mode)]
        if len(rows) > 1:
            found.setdefault(gpu, {})[mode] = _scale(rows, models[mode], found)


def _scale(rows: list[Row], model: Model, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return one factor, or with rows enough a second one for depthwise convolutions, which old kernels are slow at.

    They are fitted to prices lent by peaks with sums in FP32, and told as factors on what throughput.lent gives.
    """
    gpu, mode = rows[0].gpu, rows[0].mode
    x, seconds = matrix(rows, model)
    sheet = devices.gpu(gpu)
    by_fp32 = _lent(sheet._replace(fp16_tflops=0.0), mode, found)
    borrowed = x * by_fp32
    names = ("others", "depthwise") if len(rows) >= ROWS_FOR_TWO else ("others",)
    apart = np.array([term in names for term in TERMS[mode]])
    parts = [borrowed[:, ~apart], borrowed[:, apart]] if len(names) == 2 else [borrowed]
    sums = np.stack([part.sum(1) for part in parts], 1)
    low = np.full(len(names), LEAST_FACTOR)
    single = [str(index) for index in range(len(rows))]
    unseen = cross_validated(sums, seconds, single, lambda a, b: fitted(a, b, low), len(rows), 0)
    factors = dict(zip(names, fitted(sums, seconds, low).tolist(), strict=True))
    told, meant = (dict(zip(TERMS[mode], own.tolist(), strict=True)) for own in (_lent(sheet, mode, found), by_fp32))
    factors |= {term: factors["others"] * meant[term] / told[term] for term in sorted(COMPUTE)}
    error, ratios = mean_error(unseen, seconds), unseen / seconds
    said = ", ".join(f"{name} x {factor:.3f}" for name, factor in factors.items())
    rho = spearman(unseen, seconds)
    print(f"{gpu:18}{mode:13} {len(rows)} rows, {said}, error {100 * error:.1f} %, Spearman {rho:.3f}")
    for row, ratio in zip(rows, ratios, strict=True):
        print(f"    {row.arch}@{row.size}: {100 * (1 / ratio - 1):+.1f} %")
    return {
        "factors": {name: float(f"{factor:.4g}") for name, factor in factors.items()},
        "error_pct": round(100 * error, 2),
        "low": round(min(1.0, float(ratios.min())), 3),
        "high": round(max(1.0, float(ratios.max())), 3),
        "rows": len(rows),
    }


def _lent(sheet: devices.Gpu, mode: str, found: dict[str, dict[str, Any]]) -> Array:
    """Return the prices that a GPU borrows from the first lender that has the mode and is another."""
    names = [name for name in (sheet.like, *throughput.LENDERS, *FITTED) if name in FITTED and name != sheet.name]
    name = next(name for name in names if mode in found[name])
    own = devices.gpu(name)
    lender = own._replace(modes={mode: devices.Mode(found[name][mode]["prices"], {}, devices.Error(0.0, 1.0, 1.0))})
    return np.array(list(throughput.lent(lender, sheet, mode).values()))


class Borrowed(NamedTuple):
    """Measured over predicted rates of a GPU and mode from another GPU's prices, and tied to one measured network."""

    bare: Array
    tied: Array
    edit_error: float


def transfers(table: Table, models: dict[str, Model], found: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the errors of predicting a GPU from another one, without and with one measured network."""
    print("\nfrom another GPU's prices and the data sheets: measured over predicted rate")
    pairs = [(gpu, mode) for gpu in found for mode in found[gpu]]
    runs = [
        _borrowed([row for row in table.rows if (row.gpu, row.mode) == (gpu, mode)], models[mode], found)
        for gpu, mode in pairs
        if any(mode in found[other] for other in FITTED if other != gpu)
    ]
    # Networks on one GPU err alike: each GPU and mode counts once, and the band is the widest of those seen.
    spreads = [spread for run in runs for spread in np.percentile(run.bare, BAND)]
    unknown = {
        "error_pct": round(float(np.mean([_error(run.bare)["error_pct"] for run in runs])), 2),
        "low": round(float(min(spreads)), 3),
        "high": round(float(max(spreads)), 3),
    }
    edit = {"edit_error_pct": round(float(np.nanmean([run.edit_error for run in runs])), 2)}
    fixed = _error(np.concatenate([run.tied for run in runs]))
    bases = {throughput.DATA_SHEET: unknown | edit, throughput.ANCHORED: fixed | edit}
    for basis, error in bases.items():
        print(f"{basis}: {error}")
    return bases


def _borrowed(rows: list[Row], model: Model, found: dict[str, dict[str, Any]]) -> Borrowed:
    gpu, mode = rows[0].gpu, rows[0].mode
    x, seconds = matrix(rows, model)
    predicted = x @ _lent(devices.gpu(gpu), mode, found)
    bare = predicted / seconds
    tied = bare / bare[next(i for i, row in enumerate(rows) if (row.arch, row.size) == ANCHOR)]
    figures = np.percentile(bare, (5, 50, 95))
    edit_error = _edits(rows, predicted, seconds).error if gpu in FITTED else math.nan
    print(
        f"{gpu:18}{mode:13} {figures[0]:.2f} - {figures[1]:.2f} - {figures[2]:.2f}, Spearman "
        f"{spearman(predicted, seconds):.4f}; anchored at {ANCHOR[0]}: error {_error(tied)['error_pct']:.1f} %"
    )
    return Borrowed(bare, tied, edit_error)


# Files.


def write(gpu: str, modes: dict[str, Any], table: Table) -> None:
    """Write what was found to a device file, behind what its data sheet says."""
    path = Path(devices.FOLDER) / f"{gpu}{devices.SUFFIX}"
    sheet = yaml.safe_load(path.read_text())
    sheet |= {"modes": modes, "source": _source(table)}
    path.write_text(yaml.safe_dump(sheet, sort_keys=False, width=120))


def write_transfer(bases: dict[str, dict[str, float]], table: Table) -> None:
    """Write the errors of predictions without a calibration."""
    sheet = {"bases": bases, "source": _source(table)}
    Path(devices.TRANSFER).write_text(yaml.safe_dump(sheet, sort_keys=False, width=120))


def write_weights(models: dict[str, Model]) -> None:
    """Write what quantities weigh, in the file that also says which quantities make up a term."""
    named = {mode: model.form.named(model.weights) for mode, model in models.items()}
    Path(throughput_terms.FILE).write_text(json.dumps(named, indent=1) + "\n")


def _source(table: Table) -> dict[str, Any]:
    return {"tool": "tools/calibrate.py", "table_sha256": table.sha256, "rows": len(table.rows)}


if __name__ == "__main__":
    sys.exit(main())
