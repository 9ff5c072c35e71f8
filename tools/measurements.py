"""Reads published measurements of throughput, and builds the networks that they are of.

A table has a row for each measurement: source, device, precision, layout, compile, mode, model, arch, family, group,
img_size, samples_per_s, abn, primary, and the network's own gmacs_trace, macts_trace, params_trace.
"""

import csv
import hashlib
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from calibration_specs import OUTSIDE, text  # noqa: E402

from tresnet_gen.analysis import throughput  # noqa: E402
from tresnet_gen.analysis.counts import count  # noqa: E402
from tresnet_gen.frontend.load import load_spec, parse_spec  # noqa: E402
from tresnet_gen.graph.build import build_graph  # noqa: E402
from tresnet_gen.graph.graph import Graph  # noqa: E402
from tresnet_gen.resources import bundled_specs  # noqa: E402

GPUS = {
    **{"3090": "rtx3090", "4090": "rtx4090", "pro6000maxq": "rtx-pro-6000-maxq"},
    **{"v100_16g_paper": "v100-16gb", "v100_16g_nv": "v100-16gb", "a100_80g": "a100-80gb", "t4": "t4"},
}
COUNTS_AGREE = 2e-3
ALIASES = {"mobilenetv3_rw": "mobilenetv3_large_100"}


class Row(NamedTuple):
    """A measurement: where, of what, and seconds an image."""

    gpu: str
    mode: str
    arch: str
    size: int
    abn: bool
    family: str
    group: str
    seconds: float

    @property
    def network(self) -> tuple[str, int, bool]:
        """What tells graphs apart."""
        return self.arch, self.size, self.abn


class Table(NamedTuple):
    """The rows that can be fitted, the reasons for the others, and the file's hash."""

    rows: list[Row]
    left_out: Counter[str]
    sha256: str


def read(path: Path) -> Table:
    """Return the table's rows that are primary and whose network the language says."""
    content = path.read_bytes()
    rows, left_out = [], Counter[str]()
    for record in csv.DictReader(content.decode().splitlines()):
        if record["primary"] != "1" or record["device"] not in GPUS or record["precision"] != "amp":
            continue
        reason = _outside(record)
        if reason:
            left_out[reason] += 1
            continue
        row = _row(record)
        _check_counts(row, record)
        rows.append(row)
    return Table(rows, left_out, hashlib.sha256(content).hexdigest())


def known(arch: str) -> bool:
    """Return whether the language says a network."""
    return arch not in OUTSIDE and (text(arch) is not None or arch in bundled_specs())


def _outside(record: dict[str, str]) -> str:
    for key in (record["arch"], record["family"], "tf_" if record["model"].startswith("tf_") else ""):
        if key in OUTSIDE:
            return f"{key}: {OUTSIDE[key]}"
    return ""


def _row(record: dict[str, str]) -> Row:
    mode = throughput.mode_name(record["mode"] == "train", record["layout"], record["compile"] == "inductor")
    return Row(
        GPUS[record["device"]],
        mode,
        ALIASES.get(record["arch"], record["arch"]),
        int(record["img_size"]),
        record["abn"] == "inplace_abn",
        record["family"],
        record["group"],
        1.0 / float(record["samples_per_s"]),
    )


def _check_counts(row: Row, record: dict[str, str]) -> None:
    totals = count(graph(row.network)).totals
    columns = (
        ("params_trace", totals.params / 1e6),
        ("gmacs_trace", totals.macs / 1e9),
        ("macts_trace", totals.activations / 1e6),
    )
    for column, own in columns:
        published = float(record[column])
        if abs(own / published - 1) > COUNTS_AGREE:
            raise SystemExit(f"{row.arch} at {row.size}: {column} is {own:.4f}, published {published}")


@cache
def graph(network: tuple[str, int, bool]) -> Graph:
    """Return the graph of a network at a size, with in-place ABN or not."""
    name, size, abn = network
    own = text(name)
    overrides = [f"input.size={size}"]
    return build_graph(
        parse_spec(own, name, overrides) if own else load_spec(name + ("_abn" if abn else ""), overrides)
    )


@cache
def quantities(network: tuple[str, int, bool], mode: str) -> dict[str, float]:
    """Return what a network does for an image in a mode, summed over its ops."""
    sums = Counter[str]()
    for work in throughput.works(graph(network), mode):
        sums.update(work)
    return dict(sums)
