"""`tresnet-gen verify`: the emitted module held against the spec in torch."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tresnet_gen import tables
from tresnet_gen.cli import options
from tresnet_gen.cli.specs import load
from tresnet_gen.cli.terminal import data, deaf, document
from tresnet_gen.cli.torch_package import torch_version
from tresnet_gen.explore.loaded import Loaded

if TYPE_CHECKING:
    from tresnet_gen.runtime.claims import Claim

HEAD = ("claim", "predicted", "measured", "difference")
NOTES = (
    "predicted: from the spec, without torch; measured: on the emitted module, in torch",
    "entries, outputs, ops, layers: all are compared, in order, with their shapes, arguments, inputs or bytes",
    "training, inference: bytes of tensors in a step, fp32, SGD with momentum; real step: small images, on the CPU",
)


class Verified(NamedTuple):
    """A spec with the claims about its module."""

    loaded: Loaded
    claims: tuple["Claim", ...]

    @property
    def broken(self) -> list["Claim"]:
        """The claims that do not hold."""
        return [claim for claim in self.claims if not claim.holds]


@click.command("verify", short_help="Run the emitted module in torch and hold it against its spec.")
@options.specs()
@options.overrides()
@click.option(
    "--batch",
    type=click.IntRange(1, 1 << 20),
    default=8,
    show_default=True,
    help="Images of the traced steps; they take no memory.",
)
@options.formats("csv", "markdown")
def command(specs: tuple[str, ...], overrides: tuple[str, ...], batch: int, output_format: str) -> None:
    """Run the emitted module in torch and hold every figure against what the spec predicts. Needs torch.

    State dict, shapes, every op of the forward with its arguments and inputs, MACs, activations, the memory behind
    every op of a training step, and a small step with numbers on the CPU. Exit code 1 when anything differs.
    """
    loaded = load(specs, overrides, output_format)
    version = torch_version("verify runs the emitted module", ["tresnet_gen.runtime.verify"], output_format)
    verified = [Verified(one, tuple(_claims(one, batch))) for one in loaded]
    if output_format == "json":
        document(models=[_model(one, batch, version) for one in verified], diagnostics=[])
    elif output_format == "csv":
        data(tables.csv_text([("model", *HEAD), *_plain_rows(verified)]))
    else:
        data(_text(verified, batch, version, markdown=output_format == "markdown"))
    sys.exit(1 if any(one.broken for one in verified) else 0)


def _claims(one: Loaded, batch: int) -> Iterator["Claim"]:
    """Yield the claims of a spec; while it takes time, a terminal shows what was held against torch last."""
    from tresnet_gen.runtime.verify import iter_claims

    name = one.graph.spec.name
    _show_progress(f"verifying {name} ...")
    try:
        for claim in iter_claims(one.graph, batch):
            _show_progress(f"verifying {name} ... {claim.name}")
            yield claim
    finally:
        _show_progress("")


def _show_progress(text: str) -> None:
    if sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with deaf():
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()


def _text(verified: Sequence[Verified], batch: int, version: str, markdown: bool) -> str:
    lay_out = tables.markdown if markdown else tables.aligned
    blocks = []
    for one in verified:
        spec = one.loaded.graph.spec
        images = f"{batch:,} image{'s' if batch > 1 else ''}"
        shape = " x ".join(map(str, (spec.input.channels, *spec.input.size)))
        title = f"{spec.name}: {images} of {shape}, torch {version}"
        rows = [HEAD, *map(_row, one.claims)]
        blocks.append("\n".join([f"### {title}" if markdown else title, "", *lay_out(rows, (1, 2, 3)), ""]))
        blocks += [_differences(one, markdown)] if one.broken else []
    notes = [f"{'; '.join(NOTES)}." if markdown else "\n".join(NOTES), ""]
    return "\n".join([*blocks, *notes, _summary(verified)])


def _row(claim: "Claim") -> tuple[str, str, str, str]:
    return claim.name, _cell(claim.predicted), _cell(claim.measured), _difference(claim)


def _plain_rows(verified: Sequence[Verified]) -> Iterator[tuple[str, ...]]:
    """Yield rows for machines: figures without separators, differences in words."""
    for one in verified:
        for claim in one.claims:
            figures = str(claim.predicted), str(claim.measured)
            yield one.loaded.graph.spec.name, claim.name, *figures, claim.difference


def _cell(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _difference(claim: "Claim") -> str:
    """Return the difference of two figures; the words of lists that have as many entries and differ in one."""
    if claim.holds:
        return "none"
    if isinstance(claim.predicted, int) and isinstance(claim.measured, int) and claim.predicted != claim.measured:
        return f"{claim.measured - claim.predicted:+,}"
    return "differs"


def _differences(one: Verified, markdown: bool) -> str:
    """Return what differs first in each claim that does not hold."""
    lines = [f"{claim.name}: {claim.difference}" for claim in one.broken]
    return "\n".join([*(f"- {line}" if markdown else f"  {line}" for line in lines), ""])


def _summary(verified: Sequence[Verified]) -> str:
    broken = [one.loaded.graph.spec.name for one in verified if one.broken]
    number, count = sum(len(one.broken) for one in verified), sum(len(one.claims) for one in verified)
    models = f"{len(verified)} models, " if len(verified) > 1 else ""
    if not broken:
        return f"{models}{count} claims: all hold"
    return f"{models}{number} of {count} claims {'does' if number == 1 else 'do'} not hold: {', '.join(broken)}"


def _model(one: Verified, batch: int, version: str) -> dict[str, Any]:
    spec = one.loaded.graph.spec
    return {
        "name": spec.name,
        "spec": one.loaded.argument,
        "input": [spec.input.channels, *spec.input.size],
        "batch": batch,
        "torch": version,
        "holds": not one.broken,
        "claims": [
            {
                "claim": claim.name,
                "predicted": claim.predicted,
                "measured": claim.measured,
                "holds": claim.holds,
                "difference": claim.difference or None,
            }
            for claim in one.claims
        ],
    }
