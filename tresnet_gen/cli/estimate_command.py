"""`tresnet-gen estimate`: exact counts of a spec, or several side by side."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click

from tresnet_gen import tables
from tresnet_gen.analysis.counts import Counts, Totals, count
from tresnet_gen.cli import options
from tresnet_gen.cli.specs import Loaded, load
from tresnet_gen.cli.terminal import data, document, legend
from tresnet_gen.graph.ops import Shape


class Counted(NamedTuple):
    """A spec with its counts."""

    loaded: Loaded
    counts: Counts


class SizeType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """N or HxW; becomes the override that sets it."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        match = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", str(value), re.ASCII)
        if not match:
            self.fail("write 224 or 192x256 (height x width)", param, ctx)
        return f"input.size=[{int(match[1])}, {int(match[2])}]" if match[2] else f"input.size={int(match[1])}"


@click.command("estimate", short_help="Count parameters, MACs and activations exactly.")
@options.specs()
@options.overrides()
@click.option("--size", type=SizeType(), metavar="N|HxW", help="Input size, instead of the spec's.")
@click.option(
    "--batch",
    type=click.IntRange(1, 1 << 20),
    default=1,
    show_default=True,
    help="Images a step, for JSON; the counts are per image.",
)
@click.option(
    "--by",
    type=click.Choice(["model", "stage", "layer"]),
    help="Rows of the table.  [default: stage, for several specs model]",
)
@click.option("--conventions", is_flag=True, help="Add the same model's figures as other tools print them.")
@options.formats("csv", "markdown")
def command(
    specs: tuple[str, ...],
    overrides: tuple[str, ...],
    size: str | None,
    batch: int,
    by: str | None,
    conventions: bool,
    output_format: str,
) -> None:
    """Count parameters, MACs and activations exactly, without torch.

    Figures are per image. With several specs the models are compared.
    """
    if conventions and output_format == "csv":
        raise click.UsageError("--conventions has no CSV form; --format json always holds these figures")
    loaded = load(specs, [*overrides, *([size] if size else [])], output_format)
    counted = [Counted(one, count(one.graph)) for one in loaded]
    by = by or ("model" if len(counted) > 1 else "stage")
    if output_format == "json":
        document(models=[_model(one, batch) for one in counted], diagnostics=[])
    elif output_format == "csv":
        data(tables.csv_text(_plain_rows(counted, by)))
    elif output_format == "markdown":
        data(
            "\n".join(
                [*tables.markdown(_rows(counted, by), range(2 if by == "model" else 3, 7)), "", legend(markdown=True)]
            )
        )
    else:
        data(_text(counted, by))
    if conventions and output_format in ("text", "markdown"):
        data(_conventions_text(counted, tables.markdown if output_format == "markdown" else tables.aligned))


def _text(counted: Sequence[Counted], by: str) -> str:
    if by == "model":
        return "\n".join([*tables.aligned(_rows(counted, by), range(2, 6)), "", legend()])
    blocks = []
    for one in counted:
        spec = one.loaded.graph.spec
        shape = " x ".join(map(str, (spec.input.channels, *spec.input.size)))
        rows = [row[1:] for row in _rows([one], by)]
        blocks.append("\n".join([f"{spec.name}, one image of {shape}", "", *tables.aligned(rows, range(2, 6))]))
    return "\n\n".join([*blocks, legend()])


_HEAD = ("params", "MACs", "FLOPs", "activations")


def _rows(counted: Sequence[Counted], by: str) -> list[tuple[str, ...]]:
    """Return a head and rows of model, part, output and figures with thousands separated."""
    if by == "model":
        head = ("model", "input", *_HEAD)
        return [head, *((*_named(one), *_figures(one.counts.totals)) for one in counted)]
    rows: list[tuple[str, ...]] = [("model", by, "output", *_HEAD)]
    for one in counted:
        name = one.loaded.graph.spec.name
        for part, output, totals in _parts(one.counts, by):
            rows.append((name, part, " x ".join(map(str, output)), *_figures(totals)))
        rows.append((name, "total", "", *_figures(one.counts.totals)))
    return rows


def _plain_rows(counted: Sequence[Counted], by: str) -> list[tuple[str, ...]]:
    """Return rows for machines: no separators, no totals that a reader would add up again."""
    rows = [tuple(cell.replace(",", "") if cell[:1].isdigit() else cell for cell in row) for row in _rows(counted, by)]
    head = tuple(cell.lower() for cell in rows[0])
    return [head, *(row for row in rows[1:] if by == "model" or row[1] != "total")]


def _named(one: Counted) -> tuple[str, str]:
    spec = one.loaded.graph.spec
    return spec.name, " x ".join(map(str, (spec.input.channels, *spec.input.size)))


def _parts(counts: Counts, by: str) -> list[tuple[str, Shape, Totals]]:
    parts = counts.stages if by == "stage" else counts.layers
    return [(part.name, part.output, part.totals) for part in parts]


def _figures(totals: Totals) -> tuple[str, ...]:
    return tuple(f"{figure:,}" for figure in (totals.params, totals.macs, totals.flops, totals.activations))


def _conventions_text(counted: Sequence[Counted], lay_out: Callable[..., list[str]]) -> str:
    rows = [("model", "torch FlopCounterMode", "fvcore", "timm card params", "timm card FLOPs")]
    for one in counted:
        other = one.counts.conventions
        figures = (one.counts.totals.flops, other.fvcore_flops, other.timm_card_params, other.timm_card_flops)
        rows.append((one.loaded.graph.spec.name, *(f"{figure:,}" for figure in figures)))  # type: ignore[arg-type]
    return "\n".join(
        ["", "As other tools print it (docs/counts.md says what each counts):", "", *lay_out(rows, range(1, 5))]
    )


def _model(one: Counted, batch: int) -> dict[str, Any]:
    spec, counts = one.loaded.graph.spec, one.counts
    return {
        "name": spec.name,
        "spec": one.loaded.argument,
        "input": [spec.input.channels, *spec.input.size],
        "batch": batch,
        **_totals(counts.totals),
        "conventions": {
            "fvcore_flops": counts.conventions.fvcore_flops,
            "timm_card_params": counts.conventions.timm_card_params,
            "timm_card_flops": counts.conventions.timm_card_flops,
        },
        "stages": [{"name": s.name, **_part(s.totals), "output": list(s.output)} for s in counts.stages],
        "layers": [
            {"name": layer.name, "op": layer.op, "output": list(layer.output), **_part(layer.totals)}
            for layer in counts.layers
        ],
        "memory": None,
        "throughput": [],
    }


def _totals(totals: Totals) -> dict[str, int]:
    return {
        "params": totals.params,
        "macs": totals.macs,
        "flops": totals.flops,
        "activations": totals.activations,
    }


def _part(totals: Totals) -> dict[str, int]:
    return {"params": totals.params, "macs": totals.macs, "activations": totals.activations}
