"""Every module keeps to its layer: what it may import, and what only the command line may do. Read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "tresnet_gen"
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# A layer, and those below it. What stands beside the layers imports from beside them alone: resources, tables, version.
LAYERS = {
    "frontend": set[str](),
    "graph": {"frontend"},
    "analysis": {"frontend", "graph"},
    "emission": {"frontend", "graph", "analysis"},
    "explore": {"frontend", "graph", "analysis"},
    "runtime": {"frontend", "graph", "analysis", "emission"},
    "cli": {"frontend", "graph", "analysis", "emission", "explore", "runtime"},
}

TOPMOST = {"tresnet_gen", "tresnet_gen.__main__"}  # the package's own names, and what `python -m` runs

# Third parties, and where they may be imported at all.
PLACES = {
    "torch": ("runtime", "cli.torch_package"),
    "optuna": ("explore.study",),
    "click": ("cli",),
    "watchdog": ("cli.watching",),
}

CALLS = {
    *("print", "exit", "quit", "sys.exit", "os._exit", "os.open"),
    *("os.replace", "os.remove", "os.truncate", "os.link", "os.symlink"),
}
METHODS = {"write_text", "write_bytes", "unlink", "rename", "makedirs", "mkdir", "rmdir", "rmtree", "touch"}
# Files of a study are appended to by many processes at once, which no atomic write does: its journal opens them itself.
WRITERS = ("cli", "explore.study.journal")


def inside(module: str, places: tuple[str, ...]) -> bool:
    """Whether a module stands at one of the places, or below."""
    return any(f"{module}.".startswith(f"tresnet_gen.{place}.") for place in places)


def layer(module: str) -> str:
    """Return the layer of a module, nothing for one beside the layers."""
    part = module.split(".")[1] if "." in module else ""
    return part if part in LAYERS else ""


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def imports(module: str) -> Iterator[str]:
    """Yield what a module imports, wherever it does; names that are no module go by what they come from."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            whole = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in MODULES else str(node.module) for name in whole)


def test_each_layer_has_modules() -> None:
    assert {layer(module) for module in MODULES} == {"", *LAYERS}


def test_imports_go_downwards() -> None:
    upwards = set()
    for module in MODULES.keys() - TOPMOST:
        own = layer(module)
        below = {"", own, *LAYERS.get(own, ())}
        found = (name for name in imports(module) if name.split(".")[0] == "tresnet_gen")
        upwards |= {(module, name) for name in found if layer(name) not in below}
    assert upwards == set()


def test_third_parties_are_imported_in_their_places() -> None:
    found = {(module, name.split(".")[0]) for module in MODULES for name in imports(module)}
    assert {package for _, package in found} >= PLACES.keys()
    assert {(m, package) for m, package in found if package in PLACES and not inside(m, PLACES[package])} == set()


def effects(module: str) -> Iterator[str]:
    """Yield what a module does to the world: prints, exits, opens for writing, changes files."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            last = name.rpartition(".")[2]
            streams = name.startswith(("sys.stdout.", "sys.stderr."))
            if streams or name in CALLS or last in METHODS or (last == "open" and _writes(node)):
                yield name


def _writes(call: ast.Call) -> bool:
    """Whether a call of open may write: its mode says so, or nobody can tell."""
    modes = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "mode")]
    return any(not isinstance(mode, ast.Constant) or set(str(mode.value)) & set("wax+") for mode in modes)


def test_only_the_command_line_prints_exits_and_writes() -> None:
    found = {module: sorted(effects(module)) for module in MODULES}
    assert set(found["tresnet_gen.cli.files"]) >= {"open", "os.replace", "os.unlink", "os.makedirs"}
    assert "sys.exit" in found["tresnet_gen.cli.app"]
    assert found["tresnet_gen.explore.study.journal"], "the exception is none any more"
    assert {module: names for module, names in found.items() if names and not inside(module, WRITERS)} == {}
