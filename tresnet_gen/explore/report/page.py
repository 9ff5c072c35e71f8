"""Estimates to the sections of a report, in a reader's order."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tresnet_gen import tables as texts
from tresnet_gen.analysis.counts import CONVENTION
from tresnet_gen.analysis.memory import MaxBatch
from tresnet_gen.analysis.throughput import Throughput
from tresnet_gen.explore.charts import amount
from tresnet_gen.explore.estimates import Card, Estimate, Question
from tresnet_gen.explore.figures import notes, shape_text
from tresnet_gen.explore.hint_gains import Tried
from tresnet_gen.explore.rates import rounded
from tresnet_gen.explore.report import figures, tables
from tresnet_gen.explore.report.blocks import Block, Command, Drawings, Figure, Notes, Page, Section, Table, Tile, Tiles
from tresnet_gen.version import __version__


class Subject(NamedTuple):
    """A model of the report: its figures, its hints, the sha256 of its resolved spec."""

    estimate: Estimate
    hints: tuple[Tried, ...]
    spec_sha256: str


def page(subjects: Sequence[Subject], question: Question, command: str, found: Sequence[Block] = ()) -> Page:
    """Return the report of models in the order given; differences are to the first.

    `command` is the command line that makes it again, `found` what is shown of a search.
    """
    estimates = [subject.estimate for subject in subjects]
    names = [one.graph.spec.name for one in estimates]
    sections = [
        Section("overview", "Overview", "", tuple(tiles(one, question) for one in estimates)),
        Section("drawing", "Drawing", _DRAWING, (_drawings(estimates),)),
        *_comparison(estimates, question),
        Section("stages", "Stages", "", tuple(tables.stages(one, question) for one in estimates)),
        Section("shares", "Where it goes", _SHARES, tuple(_shares(estimates, question))),
        Section("memory", "Memory of the step", _memory_lead(question), tuple(_memory(estimates, question))),
        *_throughput(estimates, question),
        Section("layers", "Layers", _LAYERS, tuple(tables.layers(one, question) for one in estimates)),
        *_hints(subjects, question),
        *([Section("search", "Search", "", tuple(found))] if found else []),
        Section("method", "Conventions and errors", "", (Notes(tuple(_conventions(question, estimates))),)),
        Section("again", "Make it again", "", (Command(command, _provenance(subjects)),)),
    ]
    lead = f"What {'they cost' if len(names) > 1 else 'it costs'}, counted and predicted before anything is trained."
    return Page(_joined(names), lead, __version__, tuple(sections))


_DRAWING = "The stages from the image to the logits; on the edges the shapes of one image."
_SHARES = "Each bar is the whole; its parts are the stages, from the first to the last."
_HINTS = "Parts that GPUs are known to be slow at. None is a fault: accuracy may be worth its price."
_LAYERS = "Every op in the order it runs, for one image; saved bytes for the whole batch."


def tiles(one: Estimate, question: Question) -> Tiles:
    """Return the key figures of a model, each with how far to trust it."""
    spec, totals = one.graph.spec, one.counts.totals
    shape = shape_text((spec.input.channels, *spec.input.size))
    found = [
        Tile("parameters", texts.rounded(totals.params), f"{totals.params:,}", "exact"),
        Tile("MACs", texts.rounded(totals.macs), f"{totals.macs:,}", f"exact, one image of {shape}"),
        Tile("peak memory", amount(one.memory.peak_bytes, "bytes"), f"{one.memory.peak_bytes:,} bytes",
             f"tensors to the byte; {_step_text(question)}"),
    ]  # fmt: skip
    found += [_batch_tile(card, fit) for card, fit in zip(question.cards, one.fits, strict=True)]
    found += map(_rate_tile, one.speeds)
    return Tiles(spec.name, spec.description, tuple(found))


def _batch_tile(card: Card, fit: MaxBatch) -> Tile:
    known = "reserve fitted to published batches" if card.reserve_bytes else "typical reserve"
    return Tile(
        f"largest batch, {card.label}", f"{fit.typical:,}", f"{fit.low:,} to {fit.high:,}", f"predicted; {known}"
    )


def _rate_tile(speed: Throughput) -> Tile:
    rate, low, high = map(rounded, (speed.images_per_s, speed.low, speed.high))
    trust = f"mean error {speed.error.pct:.1f} %; {speed.basis}, {speed.mode}, amp"
    return Tile(f"images/s, {speed.gpu}", rate, f"{low} to {high}", trust)


def _comparison(estimates: Sequence[Estimate], question: Question) -> Iterator[Section]:
    if len(estimates) > 1:
        yield Section("comparison", "Comparison", "", (tables.comparison(estimates, question),))


def _drawings(estimates: Sequence[Estimate]) -> Drawings:
    return Drawings(tuple(figures.drawing(one, number) for number, one in enumerate(estimates, 1)))


def _shares(estimates: Sequence[Estimate], question: Question) -> Iterator[Figure]:
    for one in estimates:
        yield figures.shares(one, question)


def _memory(estimates: Sequence[Estimate], question: Question) -> Iterator[Block]:
    highest = max(one.memory.peak_bytes for one in estimates)
    for one in estimates:
        yield figures.timeline(one, question, highest)
        yield tables.memory(one, question)


def _throughput(estimates: Sequence[Estimate], question: Question) -> Iterator[Section]:
    if question.rates:
        blocks: list[Block] = []
        for one in estimates:
            blocks.append(tables.throughput(one))
            for rate, speed in zip(question.rates, one.speeds, strict=True):
                blocks += [figures.times(one, speed), figures.roofline(one, rate, speed)]
        how = "training" if question.step.train else "inference"
        lead = f"Predicted for {how} under mixed precision, at a batch that fills the GPU."
        yield Section("throughput", "Throughput", lead, tuple(blocks))


def _hints(subjects: Sequence[Subject], question: Question) -> Iterator[Section]:
    found: list[Table] = [tables.hints(one.estimate, one.hints, question) for one in subjects if one.hints]
    if found:
        yield Section("hints", "Hints", _HINTS, tuple(found))


def _conventions(question: Question, estimates: Sequence[Estimate]) -> Iterator[tuple[str, str]]:
    for note in [*CONVENTION.split("; "), *notes(question)]:
        colon = ": " if ": " in note else " = "
        term, _, meaning = note.partition(colon)
        yield term, meaning
    yield "counts", "exact integers; the project's tests hold them against torch's own counters"
    yield (
        "peak, memory",
        (
            f"live bytes of PyTorch's tensors in {_step_text(question)}, exact to the byte for the audited versions "
            "(docs/memory.md); driver, workspaces and fragmentation come on top"
        ),
    )
    for one in estimates:
        for speed in one.speeds:
            yield f"images/s, {one.graph.spec.name} on {speed.gpu}", _error_text(speed)


def _error_text(speed: Throughput) -> str:
    error = speed.error
    mean = f"wrong by {error.pct:.1f} % in the mean on networks that the fit had not seen"
    band = f"nine in ten of them lay between {error.low:.2f} and {error.high:.2f} of the prediction"
    return f"{mean}; {band}; {_BASES[speed.basis]}"


_BASES = {
    "calibrated": "fitted to published measurements on this GPU",
    "scaled": "another GPU's prices, scaled to a few measurements on this one",
    "data sheet": "another GPU's prices, scaled by the ratio of data sheets",
    "anchored": "scaled to one measurement of yours",
}


def _memory_lead(question: Question) -> str:
    return f"Live bytes of tensors in {_step_text(question)}."


def _step_text(question: Question) -> str:
    step = question.step
    what = f"a training step, {step.optimizer}" if step.train else "inference"
    return f"{what}, batch {question.batch:,}, {step.precision}"


def _provenance(subjects: Sequence[Subject]) -> str:
    specs = "; ".join(f"{one.estimate.graph.spec.name}: resolved spec {one.spec_sha256[:16]}" for one in subjects)
    return f"tresnet-gen {__version__}; {specs}"


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
