"""Estimates as tables for people, and as rows for other programs."""

from collections.abc import Callable, Sequence
from itertools import chain

from tresnet_gen import tables
from tresnet_gen.analysis.throughput import Part, Throughput
from tresnet_gen.cli.terminal import legend
from tresnet_gen.explore import rates
from tresnet_gen.explore.estimates import Estimate, Question
from tresnet_gen.explore.figures import memory_rows, notes, shape_text

LayOut = Callable[..., list[str]]
Rows = list[tuple[str, ...]]


def text(estimates: Sequence[Estimate], question: Question, by: str, conventions: bool, markdown: bool) -> str:
    """Return the tables of estimates, and what the figures mean."""
    lay_out = tables.markdown if markdown else tables.aligned
    blocks: list[list[str]] = []
    if by == "model" or markdown:
        blocks.append(_table(_rows(estimates, question, by), lay_out, 2 if by == "model" else 3))
    else:
        for one in estimates:
            rows = [row[1:] for row in _rows([one], question, by)]
            blocks += [[_title(one)], _table(rows, lay_out, 2)]
    if by != "model":
        blocks += chain.from_iterable(_memory_blocks(one, question, lay_out) for one in estimates)
    blocks.append([legend(markdown, notes(question))])
    if conventions:
        blocks.append(["As other tools print it (docs/counts.md says what each counts):"])
        blocks.append(_conventions(estimates, lay_out))
    return "\n\n".join("\n".join(block) for block in blocks)


def plain(estimates: Sequence[Estimate], question: Question, by: str) -> Rows:
    """Return rows for machines: no separators, no totals that a reader would add up again."""
    head, *rows = _rows(estimates, question, by, exact=True)
    return [_machine_head(head), *(row for row in rows if by == "model" or row[1] != "total")]


def _title(one: Estimate) -> str:
    spec = one.graph.spec
    return f"{spec.name}, one image of {shape_text((spec.input.channels, *spec.input.size))}"


def _table(rows: Rows, lay_out: LayOut, first_figure: int) -> list[str]:
    return lay_out(rows, range(first_figure, len(rows[0])))


def _memory_blocks(one: Estimate, question: Question, lay_out: LayOut) -> list[list[str]]:
    what = "a training step" if question.step.train else "inference"
    title = f"{one.graph.spec.name}, memory of {what}: batch {question.batch:,}, {question.step.precision}"
    rows = [("", "bytes", "MiB", ""), *memory_rows(one.memory, question, one.fits)]
    blocks = [[title], lay_out(rows, (1, 2))]
    if one.speeds:
        rate = question.rates[0]
        how = "torch.compile" if rate.compiled else rate.layout
        blocks += [[f"{one.graph.spec.name}, throughput of {'training' if rate.train else 'inference'}: amp, {how}"]]
        blocks += [lay_out([rates.HEAD, *rates.rows(one.speeds)], range(1, 7))]
    return blocks


def _rows(estimates: Sequence[Estimate], question: Question, by: str, exact: bool = False) -> Rows:
    """Return a head and a row for each model, stage or layer; figures have thousands separated unless `exact`."""
    number = str if exact else "{:,}".format
    if by == "model":
        return [_model_head(question, exact), *(_model_row(one, question, number) for one in estimates)]
    extra = (*(("saved",) if question.step.train else ()), *(f"time, {rate.gpu.name}" for rate in question.rates))
    rows: Rows = [("model", by, "output", "params", "MACs", "FLOPs", "activations", *extra)]
    for one in estimates:
        rows += _part_rows(one, question, by, number)
    return rows


def _part_rows(one: Estimate, question: Question, by: str, number: Callable[[int], str]) -> Rows:
    name, saved, train = one.graph.spec.name, one.saved_by(by), question.step.train
    rows: Rows = []
    for part in one.counts.stages if by == "stage" else one.counts.layers:
        figures = [part.totals.params, part.totals.macs, part.totals.flops, part.totals.activations]
        figures += [saved.get(part.name, 0)] if train else []
        spent = _spent(one, by, part.name, number is str)
        rows.append((name, part.name, shape_text(part.output), *map(number, figures), *spent))
    if train:
        nothing = ["0" if number is str else "" for _ in one.speeds]
        rows.append((name, "loss", "", *map(number, (0, 0, 0, 0, one.memory.layers["loss"])), *nothing))
    totals = one.counts.totals
    figures = [totals.params, totals.macs, totals.flops, totals.activations]
    figures += [one.memory.saved_bytes] if train else []
    whole = [_time(speed.total, speed.total, number is str) for speed in one.speeds]
    rows.append((name, "total", "", *map(number, figures), *whole))
    return rows


def _spent(one: Estimate, by: str, name: str, exact: bool) -> list[str]:
    """Return for each GPU the time of a stage or layer."""
    found = []
    for speed in one.speeds:
        parts = {part.name: part for part in (speed.stages if by == "stage" else speed.layers)}
        found.append(_time(parts[name], speed.total, exact))
    return found


def _time(part: Part, total: Part, exact: bool) -> str:
    """Return seconds an image, or for people the share of them and what bounds it."""
    if exact:
        return f"{part.seconds:.4g}"
    share = part.seconds / total.seconds
    return f"{share:.1%} {part.bound}" if share else ""


def _model_head(question: Question, exact: bool) -> tuple[str, ...]:
    memory = ("saved", "peak") if question.step.train else ("peak",)
    labels = [card.label for card in question.cards]
    batches = chain.from_iterable((f"batch {c}", f"batch {c} low", f"batch {c} high") for c in labels)
    return (
        *("model", "input", "params", "MACs", "FLOPs", "activations"),
        *memory,
        *(batches if exact else (f"batch, {label}" for label in labels)),
        *chain.from_iterable(_rate_heads(rate.gpu.name, exact) for rate in question.rates),
    )


def _rate_heads(name: str, exact: bool) -> tuple[str, ...]:
    if not exact:
        return (f"images/s, {name}",)
    return tuple(f"{figure} {name}" for figure in ("images per s", "low", "high", "error pct"))


def _model_row(one: Estimate, question: Question, number: Callable[[int], str]) -> tuple[str, ...]:
    spec, totals, memory = one.graph.spec, one.counts.totals, one.memory
    figures = [totals.params, totals.macs, totals.flops, totals.activations]
    figures += [memory.saved_bytes, memory.peak_bytes] if question.step.train else [memory.peak_bytes]
    if number is str:
        fits = [str(figure) for fit in one.fits for figure in (fit.typical, fit.low, fit.high)]
    else:
        fits = [f"{fit.typical:,} ({fit.low:,}-{fit.high:,})" for fit in one.fits]
    speeds = list(chain.from_iterable(_speed(speed, number is str) for speed in one.speeds))
    return spec.name, shape_text((spec.input.channels, *spec.input.size)), *map(number, figures), *fits, *speeds


def _speed(speed: Throughput, exact: bool) -> tuple[str, ...]:
    figures = speed.images_per_s, speed.low, speed.high
    if exact:
        return (*(f"{figure:.2f}" for figure in figures), f"{speed.error.pct}")
    rate, low, high = map(rates.rounded, figures)
    return (f"{rate} ({low}-{high}, error {speed.error.pct:.1f} %)",)


def _machine_head(head: tuple[str, ...]) -> tuple[str, ...]:
    bytes_of = {"saved": "saved_bytes", "peak": "peak_bytes"}
    return tuple(bytes_of.get(cell, cell.lower().replace(", ", "_").replace(" ", "_")) for cell in head)


def _conventions(estimates: Sequence[Estimate], lay_out: LayOut) -> list[str]:
    rows: Rows = [("model", "torch FlopCounterMode", "fvcore", "timm card params", "timm card FLOPs")]
    for one in estimates:
        other = one.counts.conventions
        figures = (one.counts.totals.flops, other.fvcore_flops, other.timm_card_params, other.timm_card_flops)
        rows.append((one.graph.spec.name, *(f"{figure:,}" for figure in figures)))
    return lay_out(rows, range(1, 5))
