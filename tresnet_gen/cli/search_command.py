"""`tresnet-gen search`: the candidates that axes span, within budgets, and the best of them."""

import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click

from tresnet_gen import tables
from tresnet_gen.analysis.devices import Gpu
from tresnet_gen.cli import options, search_files, search_tables
from tresnet_gen.cli.files import UnwritableError
from tresnet_gen.cli.rates import DeviceType
from tresnet_gen.cli.specs import origin_of, refuse
from tresnet_gen.cli.terminal import data, document, flush, talk
from tresnet_gen.explore.search import record, results
from tresnet_gen.explore.search.axes import Base, Space, base_of
from tresnet_gen.explore.search.axis_texts import space_of
from tresnet_gen.explore.search.branch import Control
from tresnet_gen.explore.search.budgets import Question, question_of
from tresnet_gen.explore.search.figures import WORDS, FigureError
from tresnet_gen.explore.search.record import Sample, Search
from tresnet_gen.explore.search.run import Keep, State, search
from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError, printable
from tresnet_gen.frontend.resolve import UnreadableError
from tresnet_gen.graph.build import build_graph

LIMIT = 1_000_000  # candidates, about half a minute
MOST_SAMPLED = 1_000_000  # their numbers are kept in memory, some 100 MB
PATIENCE_S = 1.0
KEEP_S = 10.0  # between records of a search that goes on: a killed one loses no more


@click.command("search", short_help="Find the best variants of a spec within budgets.")
@options.specs(several=False)
@options.overrides()
@click.option(
    "--axis",
    "axes",
    metavar="PATH=VALUES",
    multiple=True,
    required=True,
    help="Values that a key takes in turn: stages.2.depth=7..24, stages.*.width=x0.75,x1,x1.25~8 (multiples of the "
    "base's; ~8 rounds to a multiple of 8), stages.3.se=null,{ratio: 8}. A * varies each item by itself.",
)
@click.option(
    "--budget",
    "budgets",
    metavar="FIGURE<VALUE",
    multiple=True,
    help=f"What candidates must keep to: macs<6G, memory<16GiB@64,amp,sgd, throughput>=x1@rtx4090 (the base's). "
    f"Figures: {', '.join(WORDS)}.",
)
@click.option("--minimise", "--minimize", "minimised", metavar="FIGURE", multiple=True, help="Smaller is better.")
@click.option("--maximise", "--maximize", "maximised", metavar="FIGURE", multiple=True, help="Larger is better.")
@click.option("-o", "output", metavar="DIR", help="Folder for the front: specs, front.csv, front.svg, search.json.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Look at N candidates drawn at random.")
@click.option("--seed", type=click.IntRange(0, 1 << 32), help="Seed of --sample.  [default: 0]")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="Most candidates to look at.")
@click.option("--device", "own", type=DeviceType(), metavar="FILE", multiple=True, help="A GPU that a file describes.")
@click.option("--force", is_flag=True, help="Overwrite files in DIR that a search did not write.")
@options.formats("csv", "markdown")
def command(
    spec: str,
    overrides: tuple[str, ...],
    axes: tuple[str, ...],
    budgets: tuple[str, ...],
    minimised: tuple[str, ...],
    maximised: tuple[str, ...],
    output: str | None,
    sample: int | None,
    seed: int | None,
    limit: int,
    own: tuple[Gpu, ...],
    force: bool,
    output_format: str,
) -> None:
    """Look at every candidate that the axes span over a spec, exactly, and keep those that no other beats.

    Candidates keep to the budgets; of these the Pareto front by the objectives remains. With -o its members are written
    as specs. A search that is interrupted keeps what it found, and the same command goes on from there.
    """
    if seed is not None and sample is None:
        raise click.UsageError("--seed belongs to a sample: add --sample 10000")
    question = _question(budgets, minimised, maximised, own)
    base, space = _space(spec, overrides, axes, output_format)
    if question.relative:
        measured = results.base_result(base, question).measured
        question = question.against({text: one.value for text, one in measured.items()})
    drawn = Sample(sample, seed or 0) if sample is not None and sample < space.size else None
    if drawn and drawn.size > MOST_SAMPLED:
        raise click.UsageError(
            f"--sample {drawn.size:,} is more than the {MOST_SAMPLED:,} candidates that are drawn at most; "
            "without --sample all are looked at"
        )
    asked = Search(spec, space, question, drawn)
    if asked.candidates > limit:
        raise click.UsageError(
            f"{asked.candidates:,} candidates are more than --limit {limit:,}: narrow the axes, "
            "or look at some of them: --sample 10000"
        )
    folder = _folder(output, base, force, output_format) if output else None
    state = _state(folder, asked)
    state = state if state.complete else _searched(asked, state, folder)
    if state.complete and not state.valid:
        talk(f"none of {asked.candidates:,} candidates is a legal spec; this is the first one:")
        refuse(_faults(asked), output_format)
    _report(asked, state, folder, overrides, output_format)


def _question(
    budgets: Sequence[str], minimised: Sequence[str], maximised: Sequence[str], own: Sequence[Gpu]
) -> Question:
    if odd := next((gpu.name for gpu in own if not re.fullmatch(r"[\w.-]+", gpu.name, re.ASCII)), None):
        raise click.UsageError(
            f"--device: the file's name names the GPU; use letters, digits, - and _: {printable(odd)}"
        )
    aims = [*((text, False) for text in minimised), *((text, True) for text in maximised)]
    try:
        return question_of(budgets, aims, {gpu.name: gpu for gpu in own})
    except FigureError as error:
        raise click.UsageError(str(error)) from error


def _space(spec: str, overrides: Sequence[str], axes: Sequence[str], output_format: str) -> tuple[Base, Space]:
    try:
        base = base_of(origin_of(spec), overrides)
        build_graph(base.spec)
        return base, space_of(base, axes)
    except UnreadableError as error:
        refuse([Diagnostic("E000", str(error))], output_format, code=2)
    except SpecError as error:
        usage = any(found.is_usage for found in error.diagnostics)
        refuse(error.diagnostics, output_format, code=2 if usage else 1)


def _folder(output: str, base: Base, force: bool, output_format: str) -> search_files.Folder:
    try:
        return search_files.opened(output, results.stem_of(base), force)
    except (UnwritableError, search_files.ForeignError) as error:
        messages = [str(error)] if isinstance(error, UnwritableError) else error.args
        refuse([Diagnostic("E000", message) for message in messages], output_format, code=2)


def _state(folder: search_files.Folder | None, asked: Search) -> State:
    """Return where to go on: behind what a stopped search of the same question left in the folder."""
    left = folder.record if folder else {}
    if left.get("fingerprint") != asked.fingerprint:
        return State()
    state = record.state_of(left.get("state"), asked.space.size, len(asked.question.objectives))
    if state is None or (state.complete and "search" in left):
        return State()
    talk(f"going on from candidate {state.position:,}")
    return state


def _kept(asked: Search, state: State) -> dict[str, Any]:
    """Return what a record holds beside the outcome."""
    return {"fingerprint": asked.fingerprint, "state": record.state_json(state)}


def _searched(asked: Search, state: State, folder: search_files.Folder | None) -> State:
    with _progress(asked.space.size, "searching") as progress:
        control = Control(progress)
        keep = _keeper(asked, folder) if folder else None
        with _stopped_by_ctrl_c(control):
            return search(asked.space, asked.question, control, state, asked.numbers, keep=keep)


def _keeper(asked: Search, folder: search_files.Folder) -> Keep:
    """Return what keeps a record of where a search stands, now and then."""
    last = time.monotonic()

    def keep(standing: Callable[[], State]) -> None:
        nonlocal last
        if time.monotonic() - last < KEEP_S:
            return
        with suppress(UnwritableError):  # the end of the search tells it
            search_files.keep(folder, _kept(asked, standing()))
        last = time.monotonic()

    return keep


@contextmanager
def _progress(size: int, label: str) -> Iterator[Callable[[int], None] | None]:
    """Show a bar on a terminal once the work has taken a second."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    start = time.monotonic()
    bar = click.progressbar(length=size, label=label, file=sys.stderr, show_pos=True)
    shown = False

    def progress(number: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - start > PATIENCE_S:
            bar.__enter__()
            shown = True
        if shown and number > bar.pos:
            bar.update(number - bar.pos)

    try:
        yield progress
    finally:
        if shown:
            bar.__exit__(None, None, None)


@contextmanager
def _stopped_by_ctrl_c(control: Control) -> Iterator[None]:
    """Let the first Ctrl-C stop a search where it stands; the second one interrupts as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        control.stop = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _faults(asked: Search) -> Sequence[Diagnostic]:
    """Return what is wrong with the first candidate, where all are wrong."""
    try:
        build_graph(asked.space.spec(asked.space.digits(next(iter(asked.numbers or [0])))))
    except SpecError as error:
        return error.diagnostics
    raise AssertionError("a legal candidate was taken for an illegal one")


def _report(
    asked: Search, state: State, folder: search_files.Folder | None, overrides: Sequence[str], output_format: str
) -> None:
    base = results.base_result(asked.space.base, asked.question)
    found = _found(asked, state, folder)
    content = record.as_json(asked, state, base, found)
    if folder:
        _save(folder, asked, state, base, found, overrides, content, output_format)
    match output_format:
        case "json":
            document(search=content, notes=search_tables.notes(asked, base), diagnostics=[])
        case "csv":
            data(tables.csv_text(record.rows(asked.question, found)))
        case _:
            data(search_tables.text(asked, state, base, found, markdown=output_format == "markdown"))
    _talk_of(asked, state, folder, len(found))
    sys.exit(130 if not state.complete else 0 if found else 1)


def _found(asked: Search, state: State, folder: search_files.Folder | None) -> list[results.Result]:
    """Return the members of the front, measured; what was searched is kept first."""
    if folder:
        search_files.keep(folder, _kept(asked, state))
    found: list[results.Result] = []
    with _progress(len(state.members), "measuring") as progress:
        for one in results.results_of(asked.space, asked.question, state.members):
            found.append(one)
            if progress:
                progress(len(found))
    return found


def _save(
    folder: search_files.Folder,
    asked: Search,
    state: State,
    base: results.Result,
    found: Sequence[results.Result],
    overrides: Sequence[str],
    content: dict[str, Any],
    output_format: str,
) -> None:
    reference = results.reference_of(asked.spec, asked.space.base, overrides, folder.path)
    texts = {
        f"{one.name}.yaml": results.spec_text(one, reference, record.description(asked, one, len(found)))
        for one in found
    }
    texts["front.csv"] = tables.csv_text(record.rows(asked.question, found))
    if picture := record.picture(asked, state, base, found):
        texts["front.svg"] = picture
    try:
        search_files.save(folder, texts, {"search": content, **_kept(asked, state)})
    except UnwritableError as error:
        refuse([Diagnostic("E000", str(error))], output_format, code=2)


def _talk_of(asked: Search, state: State, folder: search_files.Folder | None, front: int) -> None:
    """Say what was written and how many candidates there were, below the table."""
    flush()
    if folder:
        talk(f"wrote {front:,} spec{'s' * (front != 1)} and {search_files.RECORD} to {printable(folder.path, 400)}")
    if not state.complete:
        on = "the same command goes on from there" if folder else "with -o the same command would go on from there"
        talk(f"interrupted before candidate {state.position:,} of {asked.space.size:,}; {on}")
        return
    invalid = asked.candidates - state.valid
    pruned = state.valid - state.evaluated
    talk(
        f"{asked.candidates:,} candidates: {invalid:,} are no legal specs, {pruned:,} were left out by bounds, "
        f"{state.evaluated - state.within:,} are beyond a budget, {state.within:,} within, {front:,} on the front"
    )
