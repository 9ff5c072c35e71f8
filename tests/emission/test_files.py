"""Every emitted file is one that a careful person could have written: formatted, linted, typed, nothing unused."""

import ast
import copy
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.bundled import each_kind_first
from tests.drawn import TALLY
from tests.emission import arms
from tests.emission.corpus import bundled, drawn, every_file
from tests.oracle import module_of
from tresnet_gen.analysis.counts import count
from tresnet_gen.frontend.fields import EMITTED_NAMES
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all files, outside of this project and its settings."""
    path = tmp_path_factory.mktemp("emitted")
    for name, source in every_file().items():
        (path / f"{name}.py").write_text(source, encoding="utf-8")
    return path


def run_tool(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def assert_clean(process: "subprocess.Popen[str]") -> None:
    output, _ = process.communicate()
    assert process.returncode == 0, output[-5_000:]


def test_formatted_as_ruff_would(folder: Path) -> None:
    assert_clean(run_tool(folder, "ruff", "format", "--isolated", "--line-length", "120", "--check", "."))


def test_clean_under_the_default_rules_of_ruff(folder: Path) -> None:
    assert_clean(run_tool(folder, "ruff", "check", "--isolated", "--no-cache", "."))


@pytest.mark.slow
def test_clean_under_strict_mypy_for_the_oldest_and_this_python(folder: Path, tmp_path: Path) -> None:
    settings = ["--strict", "--config-file=", "--no-error-summary", "."]
    oldest = run_tool(folder, "mypy", f"--cache-dir={tmp_path / 'oldest'}", "--python-version=3.10", *settings)
    newest = run_tool(folder, "mypy", f"--cache-dir={tmp_path / 'newest'}", *settings)
    assert_clean(oldest)
    assert_clean(newest)


def test_compile_without_a_warning_and_with_the_syntax_of_python_3_10() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, source in every_file().items():
            compile(source, name, "exec")
            ast.parse(source, name, feature_version=(3, 10))
            TALLY["files emitted and checked"] += 1


def test_import_nothing_but_torch_and_the_standard_library() -> None:
    for source in every_file().values():
        assert {module.partition(".")[0] for module in imported(source)} <= {"torch", *sys.stdlib_module_names}
        assert "torch" in imported(source)


def imported(source: str) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module is not None
            modules.add(node.module)
    return modules


def test_use_every_definition_parameter_and_attribute() -> None:
    for name, source in every_file().items():
        assert list(unused(ast.parse(source))) == [], name


def unused(tree: ast.Module) -> Iterator[str]:
    """Yield functions, classes, parameters, attributes and variables that are never read."""
    read = Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    read += Counter(n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load))
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() if node in tree.body:
                inside = Counter(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
                if read[node.name] <= inside[node.name]:
                    yield f"definition {node.name}"
            case ast.Attribute(ctx=ast.Store()) if node.attr not in SEQUENTIAL and not read[node.attr]:
                yield f"attribute {node.attr}"
        if isinstance(node, ast.FunctionDef) and node.name != "__exit__":  # Python says what it takes
            names = {n.id for s in node.body for n in ast.walk(s) if isinstance(n, ast.Name)}
            arguments = [*node.args.args, *node.args.kwonlyargs, *filter(None, (node.args.vararg, node.args.kwarg))]
            yield from (f"parameter {node.name}({a.arg})" for a in arguments if a.arg not in names | {"self"})


# Children of an nn.Sequential are called by it.
SEQUENTIAL = {"conv", "bn", "act"}


# Functions of one text wherever they are emitted, so that both ways in one file are enough.
GUARDS = ("trains_eagerly", "overwrites")


@pytest.mark.parametrize("name", each_kind_first())
def test_bundled_programs_print_what_was_counted_and_take_every_arm(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = arms.run(bundled()[name], (2, 3, 64, 64))
    graph = build_graph(load_spec(name))
    totals, (logits,) = count(graph).totals, graph.nodes[-1].shape
    assert capsys.readouterr().out == f"{totals.params:,} parameters\n(1, {logits})\n"
    assert watched.one_sided(lambda function: function not in GUARDS) == []


@pytest.mark.slow
def test_drawn_programs_take_every_arm() -> None:
    kinds: Counter[str] = Counter()
    for name, source in drawn().items():
        watched = arms.run(source, (2, *image_shape(source)))
        assert watched.one_sided(lambda function: function not in GUARDS) == [], name
        kinds.update(watched.texts())
        TALLY["emitted and run with every condition watched"] += 1
    # What the blocks branch on, all of it seen: a corpus that never branches would prove nothing.
    assert kinds.keys() >= {
        "act is not None",
        "stride == 2",
        "in_channels != out_channels",
        "stride == 2 or in_channels != out_channels",
        "se_width",
        "expands",
        "isinstance(kernel_size, tuple)",
        "self.residual",
        "self.strided",
        "blur",
        "blur and stride == 2",
        "self.training and trains_eagerly(x)",
        "overwrites(x, bn)",
        "bn.num_batches_tracked is not None",
    }


def image_shape(source: str) -> tuple[int, ...]:
    """Return the shape of the image that the program makes."""
    shape = re.search(r"model\(torch\.zeros\(1, (\d+), (\d+), (\d+)\)\)", source)
    assert shape is not None
    return tuple(map(int, shape.groups()))


def test_guards_are_the_same_wherever_they_are_emitted() -> None:
    texts: dict[str, set[str]] = {name: set() for name in GUARDS}
    for source in every_file().values():
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name in GUARDS:
                texts[node.name].add(ast.get_source_segment(source, node) or "")
    assert [len(found) for found in texts.values()] == [1] * len(GUARDS)


def test_guards_take_every_arm() -> None:
    """Every reason for ordinary operators, on the smallest part of a network that has the guards."""
    watched = arms.Arms(bundled()["tresnet_m_abn"])
    layer, images = watched.run("imported")["ConvABN"](3, 4, 3, slope=0.1), torch.zeros(2, 3, 8, 8)
    layer(images)
    with torch.no_grad():
        layer(images)
    torch.fx.symbolic_trace(layer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # of batch norm itself
        torch.jit.trace(layer, images, check_trace=False)
    torch.export.export(layer, (images,), strict=False)
    changed(layer).eval()(images)
    nn.SyncBatchNorm.convert_sync_batchnorm(changed(layer)).eval()(images)
    changed(layer, momentum=None)(images)
    changed(layer, track_running_stats=False)(images)
    changed(layer).bfloat16()(images.bfloat16())
    changed(layer).to("meta")(images.to("meta"))
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        layer(images[:1, :, :1, :1])
    with pytest.raises(ValueError, match="expected 4D input"):
        layer(images[0])
    with pytest.raises(RuntimeError, match="running_mean should contain 4 elements not 3"):
        changed(layer, num_features=3, running_mean=torch.zeros(3))(images)
    assert watched.one_sided(lambda function: function in GUARDS) == []


def changed(layer: nn.Module, **attributes: Any) -> nn.Module:
    """Return a copy whose norm has other attributes."""
    layer = copy.deepcopy(layer)
    for name, value in attributes.items():
        setattr(layer.bn, name, value)
    return layer


def test_the_watch_sees_an_arm_that_is_not_taken() -> None:
    source = "a, b = 1, 0\nc = a and b\nd = [n for n in range(3) if n]\ne = 1 if a else 2\nif b or a:\n    pass\n"
    watched = arms.Arms(source)
    watched.run("imported")
    assert watched.one_sided() == [
        "line 2: `a` was [True]",
        "line 2: `b` was [False]",
        "line 4: `a` was [True]",
        "line 5: `b` was [False]",
        "line 5: `a` was [True]",
        "line 5: `b or a` was [True]",
    ]


def test_names_that_a_class_may_not_take_are_those_the_files_use() -> None:
    """`class_name` begins with a capital, so only such names can clash."""
    used: set[str] = set()
    for source in every_file().values():
        used |= top_level_names(ast.parse(source)) - set(module_all(source))
    capitalised = {name for name in used if name[0].isupper()}
    assert capitalised | {"None", "True", "False"} == EMITTED_NAMES


def top_level_names(tree: ast.Module) -> set[str]:
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    imports = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    names |= {alias.asname or alias.name for node in imports for alias in node.names}
    return names | {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id[0].isupper()}


def module_all(source: str) -> list[str]:
    (assigned,) = (
        node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    names = ast.literal_eval(assigned)
    assert isinstance(names, list)
    return names


def test_the_one_public_name_is_the_class() -> None:
    for source in drawn().values():
        module = module_of(source)
        (public,) = module.__all__
        assert public == module_all(source)[0]
        assert getattr(module, public).__name__ == public
