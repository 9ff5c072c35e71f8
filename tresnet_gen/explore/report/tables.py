"""The tables of a report."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from tresnet_gen import tables
from tresnet_gen.analysis.throughput import Part, Throughput
from tresnet_gen.explore import hint_gains, rates
from tresnet_gen.explore.estimates import Estimate, Question, ordered
from tresnet_gen.explore.figures import memory_rows, shape_text
from tresnet_gen.explore.report.blocks import Cell, Head, Table

MOST_LAYERS = 5_000  # in a table: a browser sorts and filters so many without a pause
NOTHING = Cell("", mark="empty")


class Figure(NamedTuple):
    """A column of the comparison: its head, a model's figure, its text, the band it lies in; is less better?"""

    head: Head
    of: Callable[[Estimate], float]
    text: Callable[[Estimate], str]
    band: Callable[[Estimate], str]
    less: bool


def comparison(models: Sequence[Estimate], question: Question) -> Table:
    """Return the models side by side, the fastest or smallest first; differences are to the first model given."""
    columns, base = list(_columns(question)), models[0]
    key = "throughput" if question.rates else "macs"
    estimates = ordered(models, key, reverse=bool(question.rates))
    best = [_best([column.of(one) for one in estimates], column.less) for column in columns]
    rows = []
    for one in estimates:
        cells = [Cell(one.graph.spec.name, _input(one))]
        for column, least in zip(columns, best, strict=True):
            own = column.of(one)
            change = "" if one is base else tables.change(column.of(base), own)
            sub = ", ".join(part for part in (change, column.band(one)) if part)
            cells.append(Cell(column.text(one), sub, "best" if own == least else ""))
        rows.append(tuple(cells))
    head = (Head("model", False), *(column.head for column in columns))
    order = f"images/s on {question.rates[0].gpu.name}, the most first" if question.rates else "MACs, the least first"
    note = f"Percentages are differences to {base.graph.spec.name}. In the order of {order}."
    return Table("", head, tuple(rows), note=note, sortable=True)


def stages(one: Estimate, question: Question) -> Table:
    """Return the figures of each stage and their total."""
    head, rows = _parts(one, question, "stage")
    totals, memory = one.counts.totals, one.memory
    figures = [totals.params, totals.macs, totals.flops, totals.activations]
    figures += [memory.saved_bytes] if question.step.train else []
    total = [Cell("total"), NOTHING, *map(_count, figures)]
    total += chain.from_iterable(_share(speed.total, speed.total) for speed in one.speeds)
    if question.step.train:
        nothing = [NOTHING] * (2 * len(one.speeds))
        rows.append((Cell("loss"), NOTHING, *([_count(0)] * 4), _count(memory.layers["loss"]), *nothing))
    return Table(one.graph.spec.name, head, tuple(rows), tuple(total))


def layers(one: Estimate, question: Question) -> Table:
    """Return the figures of each layer, in the order they run."""
    head, rows = _parts(one, question, "layer")
    left_out = len(rows) - MOST_LAYERS
    note = f"{left_out:,} more layers: `tresnet-gen estimate --by layer --format csv` has them all."
    kept = tuple(rows[:MOST_LAYERS])
    return Table(
        one.graph.spec.name, head, kept, note=note if left_out > 0 else "", sortable=True, example="layer3 conv2d"
    )


def memory(one: Estimate, question: Question) -> Table:
    """Return what the memory of the step is made of."""
    rows = tuple(tuple(map(Cell, row)) for row in memory_rows(one.memory, question, one.fits))
    head = (Head("", False), Head("bytes"), Head("MiB"), Head("", False))
    return Table(one.graph.spec.name, head, rows)


def throughput(one: Estimate) -> Table:
    """Return the predicted rates with their errors and what they rest on."""
    head = tuple(Head(word, figures=0 < index < len(rates.HEAD) - 1) for index, word in enumerate(rates.HEAD))
    return Table(one.graph.spec.name, head, tuple(tuple(map(Cell, row)) for row in rates.rows(one.speeds)))


def hints(one: Estimate, found: Sequence[hint_gains.Tried], question: Question) -> Table:
    """Return the hints for a model, and what their edits would gain."""
    head, *rows = hint_gains.rows(one, found, question)
    texts = len(hint_gains.HEAD)
    heads = tuple(Head(word, figures=index >= texts) for index, word in enumerate(head))
    note = hint_gains.note(one).removeprefix("hints: ").capitalize()
    return Table(one.graph.spec.name, heads, tuple(tuple(map(Cell, row)) for row in rows), note=f"{note}.")


def _columns(question: Question) -> Iterator[Figure]:
    def counted(name: str, of: Callable[[Estimate], int], hint: str = "") -> Figure:
        return Figure(Head(name, hint=hint), of, lambda one: f"{of(one):,}", lambda _: "", less=True)

    yield counted("params", lambda one: one.counts.totals.params)
    yield counted("MACs", lambda one: one.counts.totals.macs)
    yield counted("activations", lambda one: one.counts.totals.activations)
    if question.step.train:
        yield counted("saved", lambda one: one.memory.saved_bytes, "bytes")
    yield counted("peak", lambda one: one.memory.peak_bytes, "bytes")
    for index, card in enumerate(question.cards):
        yield _batch(index, card.label)
    for index, rate in enumerate(question.rates):
        yield _rate(index, rate.gpu.name)


def _batch(index: int, label: str) -> Figure:
    def band(one: Estimate) -> str:
        return f"{one.fits[index].low:,}-{one.fits[index].high:,}"

    return Figure(
        Head("largest batch", hint=label),
        lambda one: one.fits[index].typical,
        lambda one: f"{one.fits[index].typical:,}",
        band,
        less=False,
    )


def _rate(index: int, gpu: str) -> Figure:
    def band(one: Estimate) -> str:
        return "-".join(map(rates.rounded, (one.speeds[index].low, one.speeds[index].high)))

    return Figure(
        Head("images/s", hint=gpu),
        lambda one: one.speeds[index].images_per_s,
        lambda one: rates.rounded(one.speeds[index].images_per_s),
        band,
        less=False,
    )


def _best(figures: Sequence[float], less: bool) -> float | None:
    """Return the best figure, None where all are the same."""
    if min(figures) == max(figures):
        return None
    return min(figures) if less else max(figures)


def _parts(one: Estimate, question: Question, by: str) -> tuple[tuple[Head, ...], list[tuple[Cell, ...]]]:
    """Return head and rows of stages or layers."""
    train, exact = question.step.train, by == "layer"
    head = [Head(by, False), *([Head("op", False)] if exact else []), Head("output", False)]
    head += [Head("params"), Head("MACs"), *([] if exact else [Head("FLOPs")]), Head("activations")]
    head += [Head("saved", hint="bytes")] if train else []
    head += chain.from_iterable(_time_heads(speed, exact) for speed in one.speeds)
    saved, spent = one.saved_by(by), [_by_name(speed, by) for speed in one.speeds]
    kinds = {layer.name: layer.op for layer in one.counts.layers}
    rows = []
    for part in one.counts.layers if exact else one.counts.stages:
        totals = part.totals
        cells = [Cell(part.name), *([Cell(kinds[part.name])] if exact else []), Cell(shape_text(part.output))]
        figures = [totals.params, totals.macs, *([] if exact else [totals.flops]), totals.activations]
        cells += map(_count, figures + ([saved.get(part.name, 0)] if train else []))
        for speed, parts in zip(one.speeds, spent, strict=True):
            cells += _time(parts[part.name]) if exact else _share(parts[part.name], speed.total)
        rows.append(tuple(cells))
    return tuple(head), rows


def _time_heads(speed: Throughput, exact: bool) -> list[Head]:
    return [Head("time", hint=f"µs, {speed.gpu}" if exact else speed.gpu), Head("bound by", False)]


def _by_name(speed: Throughput, by: str) -> dict[str, Part]:
    return {part.name: part for part in (speed.layers if by == "layer" else speed.stages)}


def _time(part: Part) -> list[Cell]:
    """Return microseconds an image, and what bounds them."""
    if not part.seconds:
        return [Cell("0", mark="zero"), NOTHING]
    return [Cell(f"{part.seconds * 1e6:,.3f}"), Cell(part.bound)]


def _share(part: Part, total: Part) -> list[Cell]:
    """Return the share of the time an image takes, and what bounds it."""
    share = part.seconds / total.seconds
    return [Cell(f"{share:.1%}"), Cell(part.bound)] if share else [Cell("0", mark="zero"), NOTHING]


def _count(figure: int) -> Cell:
    return Cell(f"{figure:,}", mark="" if figure else "zero")


def _input(one: Estimate) -> str:
    spec = one.graph.spec
    return shape_text((spec.input.channels, *spec.input.size))
