"""Mutation testing of the compiler's core: which wrong edits of a source does no test notice?

    python tools/mutate.py [--module GLOB ...] [--sample N --seed S] [--facts-only] [--again] [--jobs N] [--report]

Each mutant (tools/mutants.py) is tried in a process of its own, forked from one that has package, tests and torch
loaded. It puts the mutated code in place and runs first FACTS, test functions that are quick and exact, then TESTS by
pytest. Mutants go in random order, the same for a seed, so what a run that was stopped has tried is a fair sample. What
the journal has is not tried again, but for survivors with --again. The table goes to standard output, survivors below
it; docs/mutation.md tells what was found.
"""

import argparse
import importlib
import itertools
import json
import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.mutants import Mutant, mutants_of  # noqa: E402
from tools.mutation_install import Place, import_anew, install, preload, rebuild_graphs  # noqa: E402
from tools.mutation_tests import FACTS, GROUPS, TESTS  # noqa: E402

CPU_LIMIT_S = {"facts": 20, "tests": 300}
MEMORY_LIMIT = 3 << 30  # beyond what the parent holds
OUTCOMES = ("facts", "tests", "limit", "survived", "error")
KILLED = ("facts", "tests", "limit")


def main() -> None:
    """Try mutants and report."""
    arguments = parsed()
    places = [place for group in arguments.groups for place in places_of(group, arguments.module)]
    places = random.Random(arguments.seed).sample(places, min(arguments.sample or len(places), len(places)))
    journal = Journal(arguments.journal)
    if not arguments.report:
        os.nice(10)
        os.environ.pop("TRESNET_GEN_REWRITE", None)  # or tests would write what a mutant says
        preload()
        phases = ["facts"] if arguments.facts_only else ["facts", "tests"]
        verify(arguments.groups, phases)
        todo = [place for place in places if journal.wants(place, phases, arguments.again)]
        todo.sort(key=lambda place: place.key not in journal.found)  # survivors first
        run(todo, phases, journal, arguments.jobs)
    report(places, journal)


def parsed() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", default=["ops", "blocks", "memory"], help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--module", action="append", default=[], help="only modules that match this glob")
    parser.add_argument("--sample", type=int, default=0, help="only so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--facts-only", action="store_true", help="leave out the slow tests")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--journal", type=Path, default=ROOT / ".mutation" / "journal.jsonl")
    parser.add_argument("--report", action="store_true", help="try nothing; report what the journal has")
    return parser.parse_args()


def places_of(group: str, globs: list[str]) -> Iterator[Place]:
    """Yield the mutants of a group of modules; the key tells a mutant by what it changes, wherever that stands."""
    paths = sorted({path for glob in GROUPS[group] for path in ROOT.glob(glob)})
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        if globs and not any(path.match(glob) for glob in globs):
            continue
        text, seen = path.read_text(encoding="utf-8"), Counter[str]()
        for mutant in mutants_of(text):
            key = " | ".join((name, mutant.kind, *mutant.diff(text)))
            seen[key] += 1
            yield Place(group, name, mutant, f"{key} | {seen[key]}")


class Journal:
    """What is known of mutants, a line of JSON each; later lines win."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.found: dict[str, dict[str, Any]] = {row["key"]: row for row in map(json.loads, lines)}

    def add(self, row: dict[str, Any]) -> None:
        """Note an outcome."""
        self.found[row["key"]] = row
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def wants(self, place: Place, phases: list[str], again: bool) -> bool:
        """Whether a mutant is still to be tried: new, a survivor of fewer phases, or any survivor `again`."""
        row = self.found.get(place.key)
        if row is None:
            return True
        if row["outcome"] == "error":
            return True
        return row["outcome"] == "survived" and (again or len(phases) > len(row["phases"]))


# Trying.


def verify(groups: list[str], phases: list[str]) -> None:
    """Check that the source as it stands survives, in each way in which a mutant is installed.

    A test that failed only because of how mutants are tried would kill all of them.
    """
    for group in groups:
        if by := failing_fact(group):  # here, so that what the tests import and build is ready for all mutants
            sys.exit(f"a test fails on the source as it stands: {by}")
        as_it_stands = next(places_of(group, []))._replace(mutant=Mutant(1, 0, 0, "", "none"))
        for how in (rebuild_graphs, import_anew):
            (row,) = outcomes([as_it_stands], phases, 1, how)
            if row["outcome"] != "survived":
                sys.exit(f"a test fails on the source as it stands, after {how.__name__}: {row['by']}")


def run(places: list[Place], phases: list[str], journal: Journal, jobs: int) -> None:
    """Try mutants, so many at a time, in order."""
    started = time.monotonic()
    print(f"{len(places)} mutants", file=sys.stderr)
    for number, row in enumerate(outcomes(places, phases, jobs), 1):
        journal.add(row)
        print(f"\r{number} tried, {time.monotonic() - started:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def outcomes(
    places: Iterable[Place], phases: list[str], jobs: int, how: Callable[[Place], None] = install
) -> Iterator[dict[str, Any]]:
    """Yield what became of each mutant."""
    running: dict[int, tuple[Place, int]] = {}
    waiting = iter(places)
    while True:
        while len(running) < jobs and (place := next(waiting, None)) is not None:
            reader, writer = os.pipe()
            pid = os.fork()
            if not pid:
                os.close(reader)
                child(place, phases, writer, how)
            os.close(writer)
            running[pid] = place, reader
        if not running:
            return
        pid, status, usage = os.wait4(-1, 0)
        place, reader = running.pop(pid)
        with os.fdopen(reader) as file:
            text = file.read()
        said = json.loads(text) if text else of_signal(os.waitstatus_to_exitcode(status))
        seconds = round(usage.ru_utime + usage.ru_stime, 2)
        yield {"key": place.key, **said, "phases": phases, "seconds": seconds}


def of_signal(code: int) -> dict[str, str]:
    """Return what became of a mutant whose process was ended before it could tell."""
    by = signal.Signals(-code).name if code < 0 else f"exit {code}"
    return {"outcome": "limit" if by == "SIGXCPU" else "error", "by": by}


def child(place: Place, phases: list[str], writer: int, how: Callable[[Place], None]) -> None:
    """Run the tests on a mutant and end the process; one that is killed for its time writes nothing.

    What goes wrong outside a test is an error of this program, and kills no mutant.
    """
    said = {"outcome": "error", "by": ""}
    try:
        quieten()
        how(place)
        said = tried(place.group, phases)
    except MemoryError:
        said = {"outcome": "limit", "by": "MemoryError"}
    except BaseException as error:
        said["by"] = repr(error)
    finally:
        os.write(writer, json.dumps(said).encode())
        os._exit(0)


def quieten() -> None:
    """Send what the tests print nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def tried(group: str, phases: list[str]) -> dict[str, str]:
    """Return which phase killed the mutant, and by which test."""
    for phase in phases:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S[phase], CPU_LIMIT_S["tests"]))
        by = failing_fact(group) if phase == "facts" else failing_test()
        if by:
            return {"outcome": phase, "by": by}
    return {"outcome": "survived", "by": ""}


def failing_fact(group: str) -> str:
    """Return the first test among the facts that fails, or nothing."""
    import pytest

    for name in FACTS[group]:
        try:
            call(name)
        except MemoryError:
            raise
        except (Exception, SystemExit, pytest.fail.Exception) as error:  # not that a test is skipped
            return f"{name}: {type(error).__name__}"
    return ""


def call(name: str) -> None:
    """Run a test with each of its parameters; it must be one that a plain `pytest` runs."""
    module, _, function = name.partition(":")
    test = getattr(importlib.import_module(module), function)
    marks = [mark.args for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    if len(marks) < len(getattr(test, "pytestmark", [])) or hasattr(sys.modules[module], "pytestmark"):
        raise NotImplementedError(f"{name} has marks that are not understood here")  # `slow`, perhaps
    names = [names.split(", ") if isinstance(names, str) else names for names, _ in marks]
    for values in itertools.product(*(values for _, values in marks)):
        rows = [row if len(keys) > 1 else (row,) for keys, row in zip(names, values, strict=True)]
        test(**dict(zip(itertools.chain(*names), itertools.chain(*rows), strict=True)))


def failing_test() -> str:
    """Return the first of the slower tests that fails, or nothing."""
    import pytest

    first = FirstFailure()
    options = ["-o", "addopts=", "-m", "not slow", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what was preloaded
    code = pytest.main([*options, *TESTS], plugins=[first])
    if code and not first.test:
        raise RuntimeError(f"pytest ends with {code!r}, but no test failed")
    return first.test


class FirstFailure:
    """A plugin of pytest that remembers the first test that failed."""

    test = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note the test of a report that failed."""
        if report.failed and not self.test:
            self.test = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        """Note the file that could not be collected."""
        if report.failed and not self.test:
            self.test = report.nodeid


# Telling.


def report(places: list[Place], journal: Journal) -> None:
    """Print the table by module and the survivors."""
    print("| module | mutants | killed by facts | by tests | by limits | survived | errors | score |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: |")
    known = [(place, journal.found[place.key]) for place in sorted(places) if place.key in journal.found]
    for path in [*dict.fromkeys(place.path for place, _ in known), "total"]:
        counted = Counter(row["outcome"] for place, row in known if path in ("total", place.path))
        figures = " | ".join(f"{counted[outcome]:,}" for outcome in OUTCOMES)
        share = sum(counted[outcome] for outcome in KILLED) / max(counted.total(), 1)
        print(f"| {path} | {counted.total():,} | {figures} | {100 * share:.1f} % |")
    if len(known) < len(places):
        print(f"\n{len(places) - len(known):,} mutants not tried")
    print()
    for place, row in known:
        if row["outcome"] == "survived":
            print(place)


if __name__ == "__main__":
    main()
