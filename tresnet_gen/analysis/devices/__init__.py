"""GPUs by name: one YAML file each, from the vendors' data sheets and tools/calibrate.py.

A file holds `title`, `memory_gib`, `tensor_tflops` (dense FP16 products summed in FP32), `bandwidth_gb_s`. It may hold
`fp16_tflops`, the peak with sums in FP16, which on a GeForce is twice as high, and `like`, the GPU whose prices it
borrows. `modes` are what the calibration found: `prices` (seconds for a unit of each term of throughput_terms.py), or
`factors` on the borrowed ones, by term and for the `others`; the mean error on unseen architectures and on ratios of
rates that one edit sets apart; the band of measured over predicted rates that holds nine in ten architectures; the rows
fitted. `reserve` is what tools/max_batches.py found of the memory that a step's tensors leave.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from tresnet_gen.analysis.throughput_terms import terms
from tresnet_gen.frontend.diagnostics import printable, visible

FOLDER = os.path.dirname(__file__)
SUFFIX = ".yaml"
TRANSFER = os.path.join(os.path.dirname(FOLDER), "transfer.yaml")
MAX_FAULTS = 10


class Error(NamedTuple):
    """Mean absolute error in percent, and measured over predicted rates that nine networks in ten lie between.

    `edit_pct` is the mean error of the ratio of two rates of which one edit sets the networks apart, where it is known.
    """

    pct: float
    low: float
    high: float
    edit_pct: float | None = None


class Mode(NamedTuple):
    """What the calibration found for a mode; `prices` are empty where only `factors` were fitted.

    `grouped` is the error on networks with grouped convolutions or blurs, where it is told apart.
    """

    prices: Mapping[str, float]
    factors: Mapping[str, float]
    error: Error
    grouped: Error | None = None


class Gpu(NamedTuple):
    """A GPU; `memory_bytes` is what its data sheet promises, `reserve_bytes` what largest batches leave, if known.

    `fp16_tflops` is 0 where the file does not say.
    """

    name: str
    title: str
    memory_bytes: int
    tensor_tflops: float
    bandwidth_gb_s: float
    like: str
    modes: Mapping[str, Mode]
    reserve_bytes: int | None = None
    fp16_tflops: float = 0.0


class DeviceError(Exception):
    """A device file that cannot be read or understood; args[0] says why."""


def names() -> list[str]:
    """Return the names of all GPUs, sorted."""
    return sorted(file.removesuffix(SUFFIX) for file in os.listdir(FOLDER) if file.endswith(SUFFIX))


@cache
def gpu(name: str) -> Gpu:
    """Return a GPU by one of `names()`."""
    return _gpu(_read(os.path.join(FOLDER, name + SUFFIX)), name)


@cache
def transfer() -> dict[str, Error]:
    """Return by basis the mean error and the band of predictions without a GPU's own calibration."""
    sheet = _read(TRANSFER)
    return {basis: _error(found) for basis, found in sheet["bases"].items()}


def load(path: str, name: str) -> Gpu:
    """Return the GPU of a user's file, which is read as specs are.

    Raises:
        DeviceError: when the file cannot be read, or says what no device file says.
    """
    from tresnet_gen.analysis.devices.file import sheet_of

    sheet = sheet_of(path)
    faults = list(_faults(sheet))
    if faults:
        more = f"; and {len(faults) - MAX_FAULTS:,} more" if len(faults) > MAX_FAULTS else ""
        raise DeviceError(f"{printable(path, 400)}: {'; '.join(faults[:MAX_FAULTS])}{more}")
    return _gpu(sheet, visible(name))


def _gpu(sheet: Mapping[str, Any], name: str) -> Gpu:
    return Gpu(
        name,
        sheet["title"],
        int(sheet["memory_gib"] * (1 << 30)),
        sheet["tensor_tflops"],
        sheet["bandwidth_gb_s"],
        sheet.get("like", ""),
        {mode: _mode(found) for mode, found in sheet.get("modes", {}).items()},
        round(sheet["reserve"]["gb"] * 1e9) if "reserve" in sheet else None,
        sheet.get("fp16_tflops", 0.0),
    )


def _read(path: str) -> Any:
    """Return the data of a file of this package."""
    import yaml

    with open(path, encoding="utf-8") as file:
        return yaml.load(file.read(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _mode(found: Mapping[str, Any]) -> Mode:
    grouped = _error(found["grouped"]) if "grouped" in found else None
    return Mode(found.get("prices", {}), found.get("factors", {"others": 1.0}), _error(found), grouped)


_NUMBERS = ("memory_gib", "tensor_tflops", "bandwidth_gb_s")
_KEYS = {"title", *_NUMBERS, "fp16_tflops", "like", "modes", "reserve", "source"}


def _faults(sheet: Any) -> list[str]:
    """Return what is wrong with a device file, all at once."""
    if not isinstance(sheet, dict):
        return ["a device is a mapping: title, memory_gib, tensor_tflops, bandwidth_gb_s"]
    faults = [f"unknown key `{printable(key)}`" for key in sheet if key not in _KEYS]
    if not isinstance(sheet.get("title"), str):
        faults.append("`title` must be a text")
    faults += [f"`{key}` must be a number above 0" for key in _NUMBERS if not _positive(sheet.get(key))]
    if not _positive(sheet.get("fp16_tflops", 1)):
        faults.append("`fp16_tflops` must be a number above 0")
    if sheet.get("like", names()[0]) not in names():
        faults.append(f"`like` must be one of {', '.join(names())}")
    if "reserve" in sheet and not (isinstance(sheet["reserve"], dict) and _positive(sheet["reserve"].get("gb"))):
        faults.append("`reserve.gb` must be a number above 0")
    modes = sheet.get("modes", {})
    if not isinstance(modes, dict):
        return [*faults, "`modes` must be a mapping"]
    for mode, found in modes.items():
        faults += _mode_faults(mode, found)
    return faults


def _mode_faults(mode: Any, found: Any) -> list[str]:
    if mode not in terms():
        return [f"unknown mode `{printable(mode)}`; there are {', '.join(terms())}"]
    if not isinstance(found, dict):
        return [f"`modes.{mode}` must be a mapping"]
    faults = _error_faults(f"modes.{mode}", found)
    faults += _error_faults(f"modes.{mode}.grouped", found["grouped"]) if "grouped" in found else []
    prices, factors = found.get("prices", {}), found.get("factors", {"others": 1.0})
    if not isinstance(prices, dict) or (prices and set(prices) != set(terms()[mode])):
        faults.append(f"`modes.{mode}.prices` must have {', '.join(terms()[mode])}")
    elif any(not _number(price) or price < 0 for price in prices.values()):
        faults.append(f"`modes.{mode}.prices` must be numbers, none below 0")
    elif prices and not _positive(prices["macs"]):
        faults.append(f"`modes.{mode}.prices.macs` must be a number above 0")
    if not isinstance(factors, dict) or "others" not in factors or not set(factors) <= {"others", *terms()[mode]}:
        faults.append(f"`modes.{mode}.factors` must have others, beside it any of {', '.join(terms()[mode])}")
    elif not all(map(_positive, factors.values())):
        faults.append(f"`modes.{mode}.factors` must be numbers above 0")
    return faults


def _error_faults(where: str, found: Any) -> list[str]:
    if not isinstance(found, dict):
        return [f"`{where}` must be a mapping"]
    keys = ("error_pct", "low", "high", *(("edit_error_pct",) if "edit_error_pct" in found else ()))
    return [f"`{where}.{key}` must be a number above 0" for key in keys if not _positive(found.get(key))]


def _error(found: Mapping[str, Any]) -> Error:
    return Error(found["error_pct"], found["low"], found["high"], found.get("edit_error_pct"))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _positive(value: Any) -> bool:
    """Return whether a value is a number that no quotient of two such turns into zero or infinity."""
    return _number(value) and value > 1e-30
