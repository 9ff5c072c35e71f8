"""The options that say on which GPUs, and how, a network runs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from tresnet_gen.analysis.devices import DeviceError, Gpu, load
from tresnet_gen.analysis.throughput import anchored, mode_name, prices_of
from tresnet_gen.cli import specs
from tresnet_gen.explore.rates import Rate


class Anchor(NamedTuple):
    """A measurement of the user's: a network, and images a second."""

    spec: str
    images_per_s: float


class AnchorType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """MODEL=IMG_S."""

    name = "anchor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        spec, equals, rate = str(value).rpartition("=")
        try:
            images_per_s = float(rate)
        except ValueError:
            images_per_s = 0.0
        if not (equals and spec and 0 < images_per_s < 1e9):
            self.fail("write a spec and its measured images/s: resnet50=805", param, ctx)
        return Anchor(spec, images_per_s)


class DeviceType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A file that describes a GPU as those in tresnet_gen/analysis/devices do."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Gpu:
        name = str(value).replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
        try:
            return load(str(value), name or str(value))
        except DeviceError as error:
            self.fail(str(error), param, ctx)


def rates_of(gpus: Sequence[Gpu], train: bool, layout: str, compiled: bool) -> tuple[Rate, ...]:
    """Return the rates that the options ask for.

    Raises:
        click.UsageError: for a mode that nobody measured.
    """
    if train and compiled:
        raise click.UsageError("no published measurements of compiled training: leave out --compile or --train")
    mode = mode_name(train, layout, compiled)
    return tuple(Rate(gpu, layout, compiled, train, prices_of(gpu, mode)) for gpu in gpus)


def tied(rates: tuple[Rate, ...], anchor: Anchor | None, output_format: str) -> tuple[Rate, ...]:
    """Return rates scaled to the user's measurement, if there is one.

    Raises:
        click.UsageError: for an anchor that does not say on which GPU.
    """
    if not anchor:
        return rates
    if len(rates) != 1:
        raise click.UsageError("--anchor was measured on one GPU: give one --gpu or --device")
    [measured] = specs.load([anchor.spec], (), output_format)
    predicted = rates[0].of(measured.graph).images_per_s
    return (rates[0]._replace(prices=anchored(rates[0].prices, predicted, anchor.images_per_s)),)
