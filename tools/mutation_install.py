"""Puts a mutant in place of the code that a process has loaded; a part of tools/mutate.py."""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from tools.mutants import Mutant

ROOT = Path(__file__).parents[1]
PRELOADED = [
    *("torch", "torch.utils.flop_counter", "numpy", "pytest", "hypothesis", "networkx", "jsonschema", "jinja2"),
    *("hypothesis.strategies", "click"),
]
MUTATED = ["emission.render", "analysis.counts", "analysis.memory"]  # these import all others
forget_graphs: list[Callable[[], None]] = []


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


def preload() -> None:
    """Import all that the processes of mutants share; specs are read once."""
    for name in PRELOADED:
        importlib.import_module(name)
    sys.modules["torch"].set_num_threads(1)  # threads do not survive a fork
    load = importlib.import_module("tresnet_gen.frontend.load")
    read = cache(load.load_spec)
    load.load_spec = lambda source, overrides=(): read(source, tuple(overrides))
    build_once()
    for name in ("tests.analysis.test_memory_recorded", *(f"tresnet_gen.{name}" for name in MUTATED)):
        importlib.import_module(name)


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


def install(place: Place) -> None:
    """Put a mutant in place: the code of a function where that is what changed, otherwise the module, imported anew."""
    module = sys.modules[Mutated(place).name]
    changed = changed_functions(place)
    if changed is None:
        import_anew(place)
        return
    for name, code in changed.items():
        function_of(module, name).__code__ = code
        forget_results(vars(module).get(name))
    if not all(name.rpartition(".")[2] in REPLAYED or place.group in ABOVE_GRAPHS for name in changed):
        rebuild_graphs()


def forget_results(function: Any) -> None:
    """Clear the cache of a function that has one."""
    if hasattr(function, "cache_clear"):
        function.cache_clear()


def rebuild_graphs(_: Place | None = None) -> None:
    """Forget the graphs made before, those that test modules hold too: the modules are imported anew."""
    for forget in forget_graphs:
        forget()
    remove_modules("tests")


def remove_modules(*packages: str) -> None:
    """Let the modules of packages be imported anew, except what no mutant touches and all share."""
    shared = ("tresnet_gen.frontend", "tresnet_gen.resources", "tresnet_gen.tables", "tresnet_gen.version")
    for name in list(sys.modules):
        if name.partition(".")[0] in packages and not name.startswith(shared) and name != "tresnet_gen":
            del sys.modules[name]


# Groups, then methods of ops and functions beside them that a graph, once made, does not depend on.
ABOVE_GRAPHS = ("memory", "counts", "emission")
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
    """Import one module from its mutated text, and all that may have imported it.

    Where that fails the tests fail to import it in turn, and so kill the mutant by name.
    """
    remove_modules("tests", "tresnet_gen")
    sys.meta_path.insert(0, Mutated(place))
    with contextlib.suppress(Exception):
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
