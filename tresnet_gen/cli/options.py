"""Arguments and options that several commands share."""

import functools
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from tresnet_gen.analysis import devices
from tresnet_gen.analysis.hints import CODES
from tresnet_gen.analysis.step import OPTIMIZERS, PRECISIONS, Step
from tresnet_gen.cli.rates import Anchor, AnchorType, DeviceType, rates_of, tied
from tresnet_gen.explore.estimates import Card, Question
from tresnet_gen.explore.rates import Rate

SUFFIXES = (".yaml", ".yml")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class SpecType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A spec file, a bundled name or `-`; completes both."""

    name = "spec"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from tresnet_gen.resources import bundled_specs

        names = [name for name in bundled_specs() if name.startswith(incomplete)]
        if not names:
            return [CompletionItem(incomplete, type="file")]
        # Bash drops everything else when it is told to complete files itself.
        files = [name for name in sorted(os.listdir()) if name.startswith(incomplete) and name.endswith(SUFFIXES)]
        return [CompletionItem(name) for name in (*names, *files)]


class BytesType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A number of bytes with a unit: 24GiB, 16GB."""

    name = "bytes"
    units = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}  # noqa: RUF012

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([KMG]?i?B)", str(value), re.ASCII | re.IGNORECASE)
        if not match or match[2].lower() not in self.units:
            self.fail("write a number and a unit: 24GiB, 16GB, 900MiB", param, ctx)
        return int(float(match[1]) * self.units[match[2].lower()])


class SizeType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """N or HxW; becomes the override that sets it."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        match = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", str(value), re.ASCII)
        if not match:
            self.fail("write 224 or 192x256 (height x width)", param, ctx)
        return f"input.size=[{int(match[1])}, {int(match[2])}]" if match[2] else f"input.size={int(match[1])}"


def specs(several: bool = True) -> Decorator:
    """Return the SPEC argument."""
    if several:
        return click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=SpecType())
    return click.argument("spec", metavar="SPEC", type=SpecType())


def overrides() -> Decorator:
    """Return the `--set` option."""
    return click.option(
        "--set",
        "overrides",
        metavar="PATH=VALUE",
        multiple=True,
        help="Change a value: --set stages.2.depth=24. Can be given several times.",
    )


def size() -> Decorator:
    """Return the `--size` option, whose value is an override."""
    return click.option("--size", type=SizeType(), metavar="N|HxW", help="Input size, instead of the spec's.")


def train() -> Decorator:
    """Return the `--train` option."""
    return click.option("--train", is_flag=True, help="Memory and images/s of training, instead of inference.")


def formats(*more: str) -> Decorator:
    """Return the `--format` option with text, json and `more`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help="Form of the output.",
    )


def _all(*decorators: Decorator) -> Decorator:
    """Return one decorator for several; the first one's option is listed first."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def step() -> Decorator:
    """Return the options that say which step's memory is predicted."""
    return _all(
        click.option(
            "--batch",
            type=click.IntRange(1, 1 << 20),
            default=1,
            show_default=True,
            help="Images a step, for memory; the counts are per image.",
        ),
        click.option(
            "--precision",
            type=click.Choice(PRECISIONS),
            default="fp32",
            show_default=True,
            help="Plain float32, or autocast to 16 bit.",
        ),
        click.option(
            "--optimizer",
            type=click.Choice(OPTIMIZERS),
            help="Optimizer of a training step.  [default: sgd-momentum]",
        ),
        click.option(
            "--round",
            "rounding",
            type=click.IntRange(1, 1 << 30),
            default=1,
            metavar="BYTES",
            help="Round each tensor up to a multiple of BYTES; 512 is what CUDA's allocator does.",
        ),
    )


def cards() -> Decorator:
    """Return the options that name the memory a step must fit in."""
    return _all(
        click.option(
            "--gpu",
            "gpus",
            type=click.Choice(devices.names()),
            metavar="NAME",
            multiple=True,
            help=f"Largest batch and images/s on a GPU: {', '.join(devices.names())}. Can be given several times.",
        ),
        click.option(
            "--memory", "memories", type=BytesType(), metavar="SIZE", multiple=True, help="The batch for 24GiB, 16GB."
        ),
        click.option(
            "--device",
            "own",
            type=DeviceType(),
            metavar="FILE",
            multiple=True,
            help="The same as --gpu for a GPU that a file describes.",
        ),
    )


def throughput() -> Decorator:
    """Return the options that say how a network runs on a GPU."""
    return _all(
        click.option(
            "--layout",
            type=click.Choice(["nchw", "nhwc"]),
            default="nchw",
            show_default=True,
            help="Memory layout: nhwc is channels_last. It changes images/s alone.",
        ),
        click.option("--compile", "compiled", is_flag=True, help="Images/s under torch.compile."),
    )


def anchor() -> Decorator:
    """Return the `--anchor` option."""
    return click.option(
        "--anchor",
        type=AnchorType(),
        metavar="MODEL=IMG_S",
        help="Scale images/s to what you measured of one network: resnet50=805.",
    )


def silenced() -> Decorator:
    """Return the `--ignore` option."""
    codes = click.Choice(sorted(CODES))
    return click.option("--ignore", "silenced", type=codes, multiple=True, help="Leave out hints of a code.")


def asked() -> Decorator:
    """Return the options of what a spec is asked beside its counts; a command gets them as its one `question`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def asking(*, train: bool, anchor: Anchor | None, **others: Any) -> Any:
            said, others = _parted(others)
            rates = rates_of(said.named, train, said.layout, said.compiled)
            rates = tied(rates, anchor, others.get("output_format", "text"))
            return function(question=_question(said, train, rates), **others)

        return _all(train(), step(), cards(), throughput(), anchor())(asking)

    return decorate


def comparison() -> Decorator:
    """Return the options of what changes in a training step; a command gets them as its one `question`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def asking(**others: Any) -> Any:
            said, others = _parted(others)
            modes = (False,) if said.compiled else (False, True)
            rates = [rate for train in modes for rate in rates_of(said.named, train, said.layout, said.compiled)]
            return function(question=_question(said, True, rates), **others)

        return _all(step(), cards(), throughput())(asking)

    return decorate


class _Said(NamedTuple):
    """The values of the options of `step`, `cards` and `throughput`."""

    batch: int
    precision: str
    optimizer: str | None
    rounding: int
    gpus: tuple[str, ...]
    memories: tuple[int, ...]
    own: tuple[devices.Gpu, ...]
    layout: str
    compiled: bool

    @property
    def named(self) -> tuple[devices.Gpu, ...]:
        """The GPUs."""
        return (*map(devices.gpu, dict.fromkeys(self.gpus)), *self.own)


def _parted(values: dict[str, Any]) -> tuple[_Said, dict[str, Any]]:
    """Return the values that a question is made of, and the others."""
    others = {name: value for name, value in values.items() if name not in _Said._fields}
    return _Said(**{name: values[name] for name in _Said._fields}), others


def _question(said: _Said, train: bool, rates: Sequence[Rate]) -> Question:
    step = _step_of(train, said.precision, said.optimizer)
    return Question(step, said.batch, said.rounding, said.layout, _cards_of(said.named, said.memories), tuple(rates))


def _step_of(train: bool, precision: str, optimizer: str | None) -> Step:
    """Return the step that the options name.

    Raises:
        click.UsageError: for an optimizer without a training step.
    """
    if optimizer and not train:
        raise click.UsageError("--optimizer belongs to a training step: add --train")
    return Step(train, precision, optimizer or "sgd-momentum")


def _cards_of(gpus: Sequence[devices.Gpu], memories: Sequence[int]) -> tuple[Card, ...]:
    """Return the memories that a step must fit in."""
    return (
        *(Card(gpu.name, gpu.memory_bytes, gpu.reserve_bytes) for gpu in gpus),
        *(Card("", memory) for memory in dict.fromkeys(memories)),
    )
