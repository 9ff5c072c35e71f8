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
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import itertools
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.mutants import Mutant, mutants_of  # noqa: E402
from tools.mutation_tests import FACTS, GROUPS, TESTS  # noqa: E402

PRELOADED = [
    *("torch", "torch.utils.flop_counter", "numpy", "pytest", "hypothesis", "networkx", "jsonschema", "jinja2"),
    *("hypothesis.strategies", "click"),
]
MUTATED = ["emission.render", "analysis.counts", "analysis.memory"]  # these import all others
CPU_LIMIT_S = {"facts": 20, "tests": 300}
MEMORY_LIMIT = 3 << 30  # beyond what the parent holds
OUTCOMES = ("facts", "tests", "timeout", "survived")


class Place(NamedTuple):
    """A mutant, and the module and group it is of."""

    group: str
    path: str
    mutant: Mutant
    key: str

    @property
    def text(self) -> str:
        """The source of the module as it stands."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    def __str__(self) -> str:
        before, after = self.mutant.diff(self.text)
        return f"{self.path}:{self.mutant.line} {self.mutant.kind}\n    - {before}\n    + {after}"


def main() -> None:
    """Try mutants and report."""
    arguments = parsed()
    places = [place for group in arguments.groups for place in places_of(group, arguments.module)]
    places = random.Random(arguments.seed).sample(places, min(arguments.sample or len(places), len(places)))
    journal = Journal(arguments.journal)
    if not arguments.report:
        os.nice(10)
        preload(arguments.groups)
        phases = ["facts"] if arguments.facts_only else ["facts", "tests"]
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
        return row["outcome"] == "survived" and (again or len(phases) > len(row["phases"]))


# Trying.


def preload(groups: list[str]) -> None:
    """Import all that the processes of mutants share; specs are read once, and the facts made ready by a first run."""
    for name in PRELOADED:
        importlib.import_module(name)
    sys.modules["torch"].set_num_threads(1)  # threads do not survive a fork
    load = importlib.import_module("tresnet_gen.frontend.load")
    read = cache(load.load_spec)
    load.load_spec = lambda source, overrides=(): read(source, tuple(overrides))
    build_once()
    for name in ("tests.analysis.test_memory_recorded", *(f"tresnet_gen.{name}" for name in MUTATED)):
        importlib.import_module(name)
    for group in groups:
        if by := failing_fact(group):
            sys.exit(f"a test fails on the source as it stands: {by}")


def build_once() -> None:
    """Let a spec that is read once have its graph made once."""
    build = importlib.import_module("tresnet_gen.graph.build")
    original, made = build.build_graph, {}

    def build_graph(spec: Any) -> Any:
        if id(spec) not in made:
            made[id(spec)] = spec, original(spec)  # a spec that is kept keeps its id
        return made[id(spec)][1]

    build.build_graph = build_graph
    forget_graphs.append(made.clear)


forget_graphs: list[Callable[[], None]] = []


def run(places: list[Place], phases: list[str], journal: Journal, jobs: int) -> None:
    """Try mutants, so many at a time, in order; the source as it stands goes first and must pass."""
    started = time.monotonic()
    print(f"{len(places)} mutants", file=sys.stderr)
    for number, row in enumerate(outcomes(places, phases, jobs), 1):
        journal.add(row)
        print(f"\r{number} tried, {time.monotonic() - started:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def outcomes(places: Iterable[Place], phases: list[str], jobs: int) -> Iterator[dict[str, Any]]:
    """Yield what became of each mutant."""
    running: dict[int, tuple[Place, int, float]] = {}
    waiting = iter(places)
    while True:
        while len(running) < jobs and (place := next(waiting, None)) is not None:
            reader, writer = os.pipe()
            pid = os.fork()
            if not pid:
                os.close(reader)
                child(place, phases, writer)
            os.close(writer)
            running[pid] = place, reader, time.monotonic()
        if not running:
            return
        pid, _, usage = os.wait4(-1, 0)
        place, reader, _ = running.pop(pid)
        with os.fdopen(reader) as file:
            said = json.loads(file.read() or '{"outcome": "timeout", "by": ""}')
        seconds = round(usage.ru_utime + usage.ru_stime, 2)
        yield {"key": place.key, **said, "phases": phases, "seconds": seconds}


def child(place: Place, phases: list[str], writer: int) -> None:
    """Run the tests on a mutant and end the process; one that is killed for its time writes nothing."""
    said = {"outcome": "facts", "by": "no test could run"}
    try:
        quieten()
        install(place)
        said = tried(place.group, phases)
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
    for name in FACTS[group]:
        try:
            call(name)
        except Exception as error:
            return f"{name}: {type(error).__name__}"
    return ""


def call(name: str) -> None:
    """Run a test with each of its parameters."""
    module, _, function = name.partition(":")
    test = getattr(importlib.import_module(module), function)
    marks = [mark.args for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    names = [names.split(", ") if isinstance(names, str) else names for names, _ in marks]
    for values in itertools.product(*(values for _, values in marks)):
        rows = [row if len(keys) > 1 else (row,) for keys, row in zip(names, values, strict=True)]
        test(**dict(zip(itertools.chain(*names), itertools.chain(*rows), strict=True)))


def failing_test() -> str:
    """Return the first of the slower tests that fails, or nothing."""
    import pytest

    first = FirstFailure()
    options = ["-o", "addopts=", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what was preloaded
    code = pytest.main([*options, *TESTS], plugins=[first])
    return (first.test or "collection") if code else ""


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


# Installing.


def install(place: Place) -> None:
    """Put a mutant in place: the code of a function where that is what changed, otherwise the module, imported anew."""
    module = sys.modules[Mutated(place).name]
    changed = changed_functions(place)
    if changed is None:
        import_anew(place)
        return
    for name, code in changed.items():
        function_of(module, name).__code__ = code
    if not all(name.rpartition(".")[2] in REPLAYED or place.group in ("memory", "counts") for name in changed):
        for forget in forget_graphs:
            forget()
        sys.modules["tests.analysis.test_memory_recorded"].graph_of.cache_clear()


# Methods of ops and functions beside them that a graph, once made, does not depend on.
REPLAYED = ("run", "work", "_dense_work", "_backward", "_evaluated", "macs", "activations", "fvcore_flops", "padded")


def changed_functions(place: Place) -> dict[str, CodeType] | None:
    """Return the new code of the functions that differ, by qualified name; None if more than that differs."""
    before, after = (codes(compile(text, place.path, "exec")) for text in (place.text, place.mutant.of(place.text)))
    changed = {name: after[name] for name in before.keys() & after.keys() if before[name] != after[name]}
    if before.keys() != after.keys() or not changed:
        return None
    try:
        whole = all(function_of(sys.modules[Mutated(place).name], name).__code__ == before[name] for name in changed)
    except (AttributeError, KeyError):
        return None
    return changed if whole else None


def codes(code: CodeType) -> dict[str, CodeType]:
    """Return the code of a module's functions and methods, and what else its own code does, by qualified name."""
    found, rest = {}, []
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and constant.co_flags & inspect.CO_NEWLOCALS:
            found[constant.co_qualname] = constant
        elif isinstance(constant, CodeType):  # the body of a class
            found |= codes(constant)
        else:
            rest.append(constant)
    found[f"{code.co_qualname} itself"] = code.replace(co_consts=(repr(rest),), co_linetable=b"")
    return found


def function_of(module: ModuleType, name: str) -> Any:
    """Return the function of a module by its qualified name, below what decorates it."""
    found: Any = module
    for part in name.split("."):
        found = vars(found)[part]
    found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    return inspect.unwrap(found)


def import_anew(place: Place) -> None:
    """Import one module from its mutated text, and all that may have imported it."""
    shared = ("tresnet_gen.frontend", "tresnet_gen.resources", "tresnet_gen.tables", "tresnet_gen.version")
    for name in list(sys.modules):
        if name.partition(".")[0] in ("tests", "tresnet_gen") and not name.startswith(shared) and name != "tresnet_gen":
            del sys.modules[name]
    sys.meta_path.insert(0, Mutated(place))
    build_once()


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from its mutated text."""

    def __init__(self, place: Place) -> None:
        self.path = ROOT / place.path
        self.code = compile(place.mutant.of(place.text), str(self.path), "exec")
        self.name = place.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where the module is from, if it is the one."""
        if fullname != self.name:
            return None
        folders = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=self, submodule_search_locations=folders
        )

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutated text."""
        exec(self.code, module.__dict__)


# Telling.


def report(places: list[Place], journal: Journal) -> None:
    """Print the table by module and the survivors."""
    print("| module | mutants | killed by facts | by tests | timeouts | survived | score |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    known = [(place, journal.found[place.key]) for place in sorted(places) if place.key in journal.found]
    for path in [*dict.fromkeys(place.path for place, _ in known), "total"]:
        counted = Counter(row["outcome"] for place, row in known if path in ("total", place.path))
        figures = " | ".join(f"{counted[outcome]:,}" for outcome in OUTCOMES)
        share = 1 - counted["survived"] / max(counted.total(), 1)
        print(f"| {path} | {counted.total():,} | {figures} | {100 * share:.1f} % |")
    if len(known) < len(places):
        print(f"\n{len(places) - len(known):,} mutants not tried")
    print()
    for place, row in known:
        if row["outcome"] == "survived":
            print(place)


if __name__ == "__main__":
    main()
