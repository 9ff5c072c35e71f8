"""Fits the throughput of your own GPU to your measurements; writes what it finds to the GPU's file.

    python tools/calibrate_device.py DEVICE.yaml MEASUREMENTS.csv [--check]

DEVICE.yaml is what `--device` takes. MEASUREMENTS.csv has a row for each network: `spec`, a file, a bundled name or a
name of tools/calibration_specs.py, and `images_per_s` in mixed precision at a batch that fills the GPU; where they are
not the defaults `size`, `mode` (infer or train), `layout` (nchw or nhwc) and `compile` (0 or 1).

For each mode two fits are compared on rows that they have not seen: one factor on borrowed prices, and, with enough
networks, prices of the GPU's own. The one that errs less is written. --check writes nothing.
"""

import argparse
import csv
import hashlib
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from calibrate import BAND, FOLDS, TERMS, floors, shipped  # noqa: E402
from calibration_specs import text  # noqa: E402
from fitting import Array, cross_validated, fitted  # noqa: E402

from tresnet_gen.analysis import devices, throughput  # noqa: E402
from tresnet_gen.analysis.devices import Gpu  # noqa: E402
from tresnet_gen.cli.files import write_atomically  # noqa: E402
from tresnet_gen.frontend.diagnostics import SpecError  # noqa: E402
from tresnet_gen.frontend.load import load_spec, parse_spec  # noqa: E402
from tresnet_gen.graph.build import build_graph  # noqa: E402
from tresnet_gen.graph.graph import Graph  # noqa: E402

NEEDED = ("spec", "images_per_s")
KNOWN = (*NEEDED, "size", "mode", "layout", "compile")
LEAST_NETWORKS = 2  # for a factor
ENOUGH_NETWORKS = 10  # for prices of the GPU's own


class TableError(Exception):
    """A table that is not one; args[0] says where and why."""


class Measurement(NamedTuple):
    """A row: the mode's name, the spec as it was named, its size if one was given, seconds an image."""

    mode: str
    spec: str
    size: str
    seconds: float


class Found(NamedTuple):
    """A fit: what the device file says of it, and measured over predicted rates of rows that it had not seen."""

    says: dict[str, Any]
    ratios: Array

    @property
    def error_pct(self) -> float:
        """Mean error of the predicted rates."""
        return 100 * float(np.abs(1 / self.ratios - 1).mean())


def read(path: Path) -> list[Measurement]:
    """Return the rows of a table.

    Raises:
        TableError: for a table that is not one, naming the line.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        records = csv.DictReader(file)
        names = records.fieldnames or []
        if missing := [name for name in NEEDED if name not in names]:
            raise TableError(f"{path}: no column {', '.join(missing)}")
        if unknown := [name for name in names if name not in KNOWN]:
            raise TableError(f"{path}: unknown column {', '.join(unknown)}; there are {', '.join(KNOWN)}")
        return [_measurement(record, f"{path}:{records.line_num}") for record in records]


def _measurement(record: dict[str, str], place: str) -> Measurement:
    mode, layout, compiled = (
        record.get(key) or word for key, word in (("mode", "infer"), ("layout", "nchw"), ("compile", "0"))
    )
    name = throughput.mode_name(mode == "train", layout, compiled == "1")
    if mode not in ("infer", "train") or compiled not in ("0", "1") or name not in TERMS:
        raise TableError(f"{place}: no such mode: {mode}, {layout}, compile {compiled}; there are {', '.join(TERMS)}")
    if None in record:
        raise TableError(f"{place}: more cells than columns")
    try:
        rate = float(record["images_per_s"])
    except (TypeError, ValueError):
        rate = 0.0
    if not 0 < rate < 1e9:
        raise TableError(f"{place}: images_per_s must be a number above 0; got {record['images_per_s']}")
    return Measurement(name, record["spec"], record.get("size") or "", 1 / rate)


@cache
def graph(spec: str, size: str) -> Graph:
    """Return the graph of a spec at a size.

    Raises:
        TableError: for a spec that is not legal.
    """
    edits = [f"input.size={size}"] if size else []
    own = text(spec)
    try:
        return build_graph(parse_spec(own, spec, edits) if own else load_spec(spec, edits))
    except SpecError as error:
        raise TableError(f"{spec}: {error.diagnostics[0].message}") from error


def features(rows: Sequence[Measurement]) -> Array:
    """Return what the rows of a mode come to in each of its terms."""
    model = shipped(rows[0].mode)
    works = [throughput.works(graph(row.spec, row.size), row.mode) for row in rows]
    amounts = [[sum(work.get(name, 0.0) for work in own) for _, name in model.form.quantities] for own in works]
    return model.form.features(np.array(amounts), model.weights)


# Fits.


def fits(gpu: Gpu, rows: Sequence[Measurement]) -> list[Found]:
    """Return the fits that the rows of a mode suffice for."""
    mode, x = rows[0].mode, features(rows)
    borrowed = np.array(list(throughput.prices_of(gpu._replace(modes={}), mode).seconds.values()))
    found = [_fit(rows, (x @ borrowed)[:, None], np.zeros(1), lambda price: {"factors": {"others": price[0]}})]
    if len({row.spec for row in rows}) >= ENOUGH_NETWORKS:
        low = floors(gpu, mode)
        found.append(_fit(rows, x, low, lambda prices: {"prices": dict(zip(TERMS[mode], prices, strict=True))}))
    return found


def _fit(rows: Sequence[Measurement], x: Array, low: Array, says: Callable[[list[float]], dict[str, Any]]) -> Found:
    seconds, names = np.array([row.seconds for row in rows]), [row.spec for row in rows]

    def fit(a: Array, b: Array) -> Array:
        return fitted(a, b, low)

    unseen = cross_validated(x, seconds, names, fit, max(FOLDS, len(set(names)) // 2), 0)
    return Found(says([float(f"{price:.4g}") for price in fit(x, seconds)]), unseen / seconds)


def described(found: Found, rows: int) -> dict[str, Any]:
    """Return what a device file says of a mode."""
    low, high = (float(figure) for figure in np.percentile(found.ratios, BAND))
    error = {"error_pct": round(max(found.error_pct, 0.01), 2)}
    return {**found.says, **error, "low": round(min(1.0, low), 3), "high": round(max(1.0, high), 3), "rows": rows}


def calibrated(gpu: Gpu, rows: Sequence[Measurement]) -> dict[str, Any] | None:
    """Print the fits of a mode, and return what the device file says of the better one, or None with too few rows."""
    if len({row.spec for row in rows}) < LEAST_NETWORKS:
        if rows:
            print(f"{rows[0].mode}: one network alone is left out; `--anchor` takes it")
        return None
    found = fits(gpu, rows)
    for one in found:
        factors = one.says.get("factors")
        name = f"factor {factors['others']:.3f}" if factors else f"{len(one.says['prices'])} prices"
        print(f"{rows[0].mode}: {len(rows)} rows, {name}, error {one.error_pct:.1f} % on networks not seen")
    return described(min(found, key=lambda one: one.error_pct), len(rows))


def write(device: Path, modes: dict[str, Any], measurements: Path, rows: int) -> None:
    """Write what was found to a device file; its modes that were not measured stay."""
    sheet = yaml.safe_load(device.read_text(encoding="utf-8"))
    digest = hashlib.sha256(measurements.read_bytes()).hexdigest()
    source = {"tool": "tools/calibrate_device.py", "table_sha256": digest, "rows": rows}
    sheet |= {"modes": {**sheet.get("modes", {}), **modes}, "source": source}
    write_atomically(str(device), yaml.safe_dump(sheet, sort_keys=False, width=120))
    print(f"wrote {device}")


def main(given: Sequence[str] | None = None) -> int:
    """Read, fit, print and write; exit with 2 when a file or a row says nothing that can be fitted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("device", type=Path)
    parser.add_argument("measurements", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args(given)
    try:
        gpu = devices.load(str(arguments.device), arguments.device.stem)
        rows = read(arguments.measurements)
        modes = {mode: found for mode in TERMS if (found := calibrated(gpu, [row for row in rows if row.mode == mode]))}
        if modes and not arguments.check:
            write(arguments.device, modes, arguments.measurements, len(rows))
    except (TableError, devices.DeviceError, OSError, UnicodeError, csv.Error) as error:
        parser.exit(2, f"{error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
