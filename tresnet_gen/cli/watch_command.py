"""`tresnet-gen watch`: what each edit of a spec costs, told when it is saved."""

import gc
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from tresnet_gen.cli import diff_tables, findings, modules, options, specs
from tresnet_gen.cli.diff_tables import Comparison
from tresnet_gen.cli.files import UnwritableError
from tresnet_gen.cli.specs import UNREADABLE, attempt, exit_code, refuse
from tresnet_gen.cli.terminal import live, record, talk
from tresnet_gen.cli.watching import Reading, Seen, Watcher
from tresnet_gen.explore.estimates import Question, as_json
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.frontend.diagnostics import Diagnostic, printable


class Request(NamedTuple):
    """What is watched, and what is told and done about it."""

    spec: str
    overrides: tuple[str, ...]
    question: Question
    output: str | None
    report: str | None
    form: str

    @property
    def reported(self) -> Question:
        """What a report is asked: it shows a GPU in one mode, training where both are asked for."""
        rates = self.question.rates
        return self.question._replace(rates=tuple(rate for rate in rates if rate.train or rate.compiled))


class Version(NamedTuple):
    """A spec as it was when it was read: its files, and its graph or what is wrong."""

    files: dict[str, Seen]
    outcome: Loaded | tuple[Diagnostic, ...]

    @property
    def loaded(self) -> Loaded | None:
        """The spec, if it is a good one."""
        return self.outcome if isinstance(self.outcome, Loaded) else None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong."""
        return () if isinstance(self.outcome, Loaded) else self.outcome

    @property
    def names(self) -> list[str]:
        """The names of its files."""
        return [seen.name for seen in self.files.values()]

    @property
    def essence(self) -> object:
        """What is equal in two versions between which nothing happened that is worth a word."""
        texts = {path: seen.content for path, seen in self.files.items()}
        return texts, [(d.code, d.place, d.message) for d in self.diagnostics]


@click.command("watch", short_help="Tell what each edit of a spec costs, when it is saved.")
@options.specs(several=False)
@options.overrides()
@click.option("--build", is_flag=True, help="Write the module of each good version too, as the build command does.")
@click.option(
    "-o",
    "output",
    metavar="PATH",
    help=f"Folder for --build, or the file itself when PATH ends in .py.  [default: {modules.DEFAULT_FOLDER}]",
)
@click.option("--report", metavar="FILE", help="Write the HTML report of each good version too, without hints.")
@options.comparison()
@options.formats()
def command(
    spec: str,
    overrides: tuple[str, ...],
    build: bool,
    output: str | None,
    report: str | None,
    question: Question,
    output_format: str,
) -> None:
    """Check a spec each time it, or a spec it extends, is saved, and print what changed since the last good version.

    Keys, shapes, counts, memory of a training step, as the diff command prints them. What is wrong with a version is
    told, and the next good one is compared with the last good one. Ctrl-C ends it.

    --format json prints one JSON document a line.
    """
    if spec == "-":
        raise click.UsageError("standard input cannot be watched; name a file")
    if output and not build:
        raise click.UsageError("-o belongs to --build")
    if output == "-":
        raise click.UsageError("-o names a folder or a file here: standard output tells of the edits")
    gc.enable()  # unlike other commands this one runs for days
    folder = (output or modules.DEFAULT_FOLDER) if build else None
    _watch(Request(spec, overrides, question, folder, report, output_format))


def _watch(request: Request) -> None:
    """Tell of each version until interrupted."""
    version = _read(request)
    if any(d.code == UNREADABLE or d.is_usage for d in version.diagnostics):
        refuse(version.diagnostics, request.form, exit_code(version.diagnostics))
    teller = Teller(request)
    with Watcher() as watcher:
        told: object = None
        while True:
            watcher.follow(version.files)
            teller.say_what_is_watched(version.names, watcher.trouble)
            if version.essence != told:
                teller.tell(version)
                told = version.essence
            watcher.wait(version.files)
            version = _read(request)


def _read(request: Request) -> Version:
    reading = Reading()
    outcome = attempt(request.spec, request.overrides, reading)
    return Version(reading.files, outcome)


class Written(NamedTuple):
    """What was written of a version, or was there already."""

    module: modules.Output | None = None
    state: str = ""
    report: str = ""


class Teller:
    """Prints what happens; knows the last good version."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.edits = 0
        self.good: Loaded | None = None
        self.watched: list[str] = []
        self.trouble: str | None = None

    def tell(self, version: Version) -> None:
        """Print what a version changes, or what is wrong with it; build it where that was asked for."""
        fresh = version.loaded
        compared = diff_tables.compare(self.good or fresh, fresh, self.request.question) if fresh else None
        written, troubles = self.write(fresh) if fresh else (Written(), [])
        diagnostics = (*version.diagnostics, *troubles)
        if self.request.form == "json":
            self.record(version, compared, written, diagnostics)
        else:
            self.print(compared, written, diagnostics)
        self.good = fresh or self.good
        self.edits += 1

    def write(self, fresh: Loaded) -> tuple[Written, list[Diagnostic]]:
        """Write the module and the report; return what was done, and why other things were not."""
        written, troubles = Written(), []
        for step in (self.build, self.report):
            try:
                written = step(fresh, written)
            except UnwritableError as error:
                troubles.append(Diagnostic(UNREADABLE, str(error)))
        return written, troubles

    def build(self, fresh: Loaded, written: Written) -> Written:
        """Write the module where that was asked for.

        Raises:
            UnwritableError: when it cannot be written, or would overwrite another's work.
        """
        if self.request.output is None:
            return written
        output = modules.output_of(fresh.graph, self.request.output)
        for refused in modules.refusals([output], "build "):
            raise UnwritableError(refused.message)
        return written._replace(module=output, state=modules.write(output))

    def report(self, fresh: Loaded, written: Written) -> Written:
        """Write the report where that was asked for; raises as `build`."""
        if self.request.report is None:
            return written
        from tresnet_gen.cli import reports

        line = reports.command_line(sys.argv[1:])
        text = reports.page_text([fresh], self.request.reported, self.request.overrides, line, hints=False)
        changed = reports.write(self.request.report, text, command="report ")
        return written._replace(report="wrote" if changed else "unchanged")

    def print(
        self,
        compared: Comparison | None,
        written: Written,
        diagnostics: Sequence[Diagnostic],
    ) -> None:
        """Print text: changes to standard output, the rest to standard error."""
        if compared:
            live(f"{self.figures(compared)}\n\n")
        if diagnostics:
            specs.report(diagnostics, "text")
            talk("")
        if written.module:
            talk(modules.done(written.module, written.state))
        if written.report:
            talk(f"{written.report} {printable(str(self.request.report), 400)}")

    def figures(self, compared: Comparison) -> str:
        """Return the changes; the figures themselves, and what they mean, of the first good version."""
        title = " -> ".join(dict.fromkeys(compared.names))
        title = f"{title}, edit {self.edits}" if self.edits else title
        if self.good:
            return diff_tables.text(compared, title)
        return f"{diff_tables.totals(compared, title)}\n\n{diff_tables.meanings(self.request.question)}"

    def record(
        self,
        version: Version,
        compared: Comparison | None,
        written: Written,
        diagnostics: Sequence[Diagnostic],
    ) -> None:
        """Print a JSON document: the model as `estimate` has it, the changes as `diff` has them."""
        changes: dict[str, Any] | None = diff_tables.document(compared) if compared and self.good else None
        record(
            edit=self.edits,
            files=version.names,
            models=[as_json(compared.new, self.request.question)] if compared else [],
            diff=changes,
            modules=[modules.as_json(written.module, written.state)] if written.module else [],
            report={"path": self.request.report, "state": written.report} if written.report else None,
            diagnostics=[findings.as_json(d) for d in diagnostics],
        )

    def say_what_is_watched(self, names: list[str], trouble: str | None) -> None:
        """Say it at the start, and again when it changes."""
        if trouble and not self.trouble:
            talk(f"the system does not tell of saved files ({trouble}): looking twice a second")
        if names != self.watched:
            talk(f"watching {', '.join(printable(name, 400) for name in names)}; Ctrl-C ends")
        self.watched, self.trouble = names, trouble
