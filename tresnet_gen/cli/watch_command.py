"""`tresnet-gen watch`: what each edit of a spec costs, told when it is saved."""

import gc
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from tresnet_gen.cli import diff_tables, findings, modules, options
from tresnet_gen.cli.diff_tables import Comparison
from tresnet_gen.cli.files import UnwritableError
from tresnet_gen.cli.specs import UNREADABLE, attempt, exit_code, refuse, report
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
    form: str


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
@options.comparison()
@options.formats()
def command(
    spec: str, overrides: tuple[str, ...], build: bool, output: str | None, question: Question, output_format: str
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
    _watch(Request(spec, overrides, question, folder, output_format))


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
        states, troubles = self.build(fresh) if fresh else ([], ())
        diagnostics = (*version.diagnostics, *troubles)
        if self.request.form == "json":
            self.record(version, compared, states, diagnostics)
        else:
            self.print(compared, states, diagnostics)
        self.good = fresh or self.good
        self.edits += 1

    def build(self, fresh: Loaded) -> tuple[list[tuple[modules.Output, str]], Sequence[Diagnostic]]:
        """Write the module; return what was done, or why not."""
        if self.request.output is None:
            return [], ()
        try:
            output = modules.output_of(fresh.graph, self.request.output)
            refused = modules.refusals([output], "build ")
            return ([], refused) if refused else ([(output, modules.write(output))], ())
        except UnwritableError as error:
            return [], (Diagnostic(UNREADABLE, str(error)),)

    def print(
        self,
        compared: Comparison | None,
        states: Sequence[tuple[modules.Output, str]],
        diagnostics: Sequence[Diagnostic],
    ) -> None:
        """Print text: changes to standard output, the rest to standard error."""
        if compared:
            live(f"{self.figures(compared)}\n\n")
        if diagnostics:
            report(diagnostics, "text")
            talk("")
        for output, state in states:
            talk(modules.done(output, state))

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
        states: Sequence[tuple[modules.Output, str]],
        diagnostics: Sequence[Diagnostic],
    ) -> None:
        """Print a JSON document: the model as `estimate` has it, the changes as `diff` has them."""
        changes: dict[str, Any] | None = diff_tables.document(compared) if compared and self.good else None
        record(
            edit=self.edits,
            files=version.names,
            models=[as_json(compared.new, self.request.question)] if compared else [],
            diff=changes,
            modules=[modules.as_json(output, state) for output, state in states],
            diagnostics=[findings.as_json(d) for d in diagnostics],
        )

    def say_what_is_watched(self, names: list[str], trouble: str | None) -> None:
        """Say it at the start, and again when it changes."""
        if trouble and not self.trouble:
            talk(f"the system does not tell of saved files ({trouble}): looking twice a second")
        if names != self.watched:
            talk(f"watching {', '.join(printable(name, 400) for name in names)}; Ctrl-C ends")
        self.watched, self.trouble = names, trouble
