"""Terminals of few characters and columns, missing variables, closed streams, little memory, a broken torch."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import BAD, COMMAND, SMALL, program, tool
from tests.faults.moments import temporaries


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL + "description: 模型 \U0001f600 é\n", encoding="utf-8")
    Path("bad.yaml").write_text(f"{BAD}# 模型\n模型: 1\n", encoding="utf-8")
    return tmp_path


# Terminals and variables.

COMMANDS = {
    "show small.yaml --resolved": 0,
    "diff tresnet_m small.yaml": 1,
    "validate bad.yaml": 1,
    "list": 0,
}


ASCII = [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]


@pytest.mark.parametrize("encoding", ASCII)
@pytest.mark.parametrize("words", COMMANDS)
def test_a_terminal_without_such_characters(words, encoding):
    """What it cannot show comes by its number, the rest as ever."""
    result = program(*words.split(), env=encoding)
    expected = tool(*words.split())
    assert result.returncode == expected.code == COMMANDS[words]
    for shown, full in ((result.stdout, expected.out), (result.stderr, expected.err)):
        assert shown == full.encode("ascii", "backslashreplace").decode()


@pytest.mark.parametrize("columns", ["20", "1", "0", "-5", "wide"])
def test_a_narrow_terminal_changes_help_alone(columns, monkeypatch):
    before = {words: tool(*words.split()) for words in COMMANDS}
    monkeypatch.setenv("COLUMNS", columns)
    assert {words: tool(*words.split()) for words in COMMANDS} == before
    for words in ("--help", "build --help", "estimate --help", "watch --help"):
        result = tool(*words.split())
        assert (result.code, result.err) == (0, "")
        assert "Usage:" in result.out


@pytest.mark.parametrize("home", [None, "/nonexistent", "", "/dev/null"])
def test_a_missing_home(home):
    env = {
        name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME")
    }
    env |= {} if home is None else {"HOME": home}
    for words, code in {"build small.yaml": 0, "build small.yaml --check": 0, "validate bad.yaml": 1}.items():
        done = subprocess.run([*COMMAND, *words.split()], env=env, capture_output=True, text=True, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert Path("generated/small.py").exists()


# Streams. tests/cli/test_streams.py has `| head`, standard output that is closed or full, closed standard input.


@pytest.mark.parametrize("gone", ["2>&-", "2>/dev/full", "2> >(exec 2>&-; exit)", "<&- 2>&-"])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "build small.yaml"),
        (1, "validate bad.yaml"),
        (2, "validate missing.yaml"),
        (2, "biuld small.yaml"),
    ],
)
def test_nobody_hears_standard_error(code, words, gone):
    """The exit code stays, the work is done, and nothing goes to standard output instead."""
    tool_path = " ".join(f"'{part}'" for part in COMMAND)
    done = subprocess.run(["bash", "-c", f"{tool_path} {words} {gone}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
    assert Path("generated/small.py").exists() == (code == 0)


@pytest.mark.parametrize("gone", [">&-", ">/dev/full", ">&- <&-"])
@pytest.mark.parametrize("words", ["list --format json", "build small.yaml --format json", "--version"])
def test_standard_output_that_takes_nothing_is_told_once(words, gone):
    tool_path = " ".join(f"'{part}'" for part in COMMAND)
    done = subprocess.run(["bash", "-c", f"{tool_path} {words} {gone}"], capture_output=True, text=True, check=False)
    reason = "no space left on device" if "full" in gone else "standard output is closed"
    quiet = words == "--version" and "full" not in gone  # click leaves it unsaid
    assert (done.returncode, done.stderr) == ((0, "") if quiet else (2, f"error: {reason}\n"))


# Memory.


def test_used_up_memory_is_one_line(monkeypatch):
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("click.Command.invoke", fail)
    assert tool("estimate", "small.yaml") == (2, "", "error: out of memory\n")
    result = tool("estimate", "small.yaml", "--format", "json")
    assert (result.code, result.document["diagnostics"][0]["message"]) == (2, "out of memory")


def test_a_network_too_large_for_the_memory():
    """Python itself may die of it, by a signal; what was built stays, and no traceback comes."""
    stages = "  - {block: bottleneck, depth: 512, width: 64, se: {ratio: 4, min_channels: 8}}\n" * 16
    Path("large.yaml").write_text(f"name: small\nstem: {{type: conv, width: 64}}\nstages:\n{stages}")
    tool("build", "small.yaml")
    before = Path("generated/small.py").read_bytes()
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (90 << 20, 90 << 20))  # noqa: E731
    result = program("build", "large.yaml", preexec_fn=limit)
    assert (result.returncode, result.stderr) == (2, "error: out of memory\n") or result.returncode < 0
    assert "Traceback" not in result.stderr
    assert Path("generated/small.py").read_bytes() == before
    assert temporaries(Path("generated")) == []


# A torch that does not work.

BROKEN = {
    "missing": (
        "raise ModuleNotFoundError(\"No module named 'torch'\")",
        "ModuleNotFoundError: No module named 'torch'",
    ),
    "without its library": (
        "raise OSError('libtorch_cpu.so: cannot open\\nmore')",
        "OSError: libtorch_cpu.so: cannot open",
    ),
    "half written": ("def", "SyntaxError: invalid syntax (__init__.py, line 1)"),
    "silent": ("raise RuntimeError", "RuntimeError: no reason given"),
    "a folder that is only called torch": ("", "ImportError: cannot import name 'nn' from 'torch'"),
    "without a version": ("nn = None", "AttributeError: module 'torch' has no attribute '__version__'"),
    "with a strange version": ("nn = None; __version__ = 'x.y'", "ValueError: invalid literal for int()"),
    "with half of its names": ("nn = None; __version__ = '2.13.0'", "ImportError: cannot import name 'Tensor'"),
    "old": ("__version__ = '2.3.1+cpu'\nnn = None", "torch 2.3.1+cpu is too old"),
}


@pytest.mark.parametrize("words", ["verify small.yaml", "convert w.pth --spec small.yaml -o out.pth"])
@pytest.mark.parametrize("what", BROKEN)
def test_without_a_torch_that_works(words, what):
    source, reason = BROKEN[what]
    Path("elsewhere/torch").mkdir(parents=True)
    Path("elsewhere/torch/__init__.py").write_text(source)
    Path("w.pth").write_bytes(b"PK")
    done = program(*words.split(), env={"PYTHONPATH": "elsewhere"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: torch ")
    assert reason in done.stderr
    assert done.stderr.endswith(": install torch 2.4 or later beside tresnet-gen (pip install torch)\n")
    assert done.stderr.count("\n") == 1
    assert not Path("out.pth").exists()


def test_what_is_missing_of_ours_is_no_fault_of_torch():
    from tresnet_gen.cli.torch_package import torch_version

    with pytest.raises(ModuleNotFoundError, match=r"tresnet_gen\.runtime\.nothing"):
        torch_version("verify runs the emitted module", ["tresnet_gen.runtime.nothing"], "text")


def test_a_broken_torch_is_told_in_json_and_leaves_other_commands_alone():
    Path("elsewhere/torch").mkdir(parents=True)
    Path("elsewhere/torch/__init__.py").write_text("raise OSError")
    env = {"PYTHONPATH": "elsewhere"}
    done = program("verify", "small.yaml", "--format", "json", env=env)
    assert (done.returncode, '"code": "E000"' in done.stdout) == (2, True)
    for words in ("build small.yaml", "estimate small.yaml --train --gpu rtx3090", "graph small.yaml -o x.graphml"):
        assert program(*words.split(), env=env).returncode == 0


def test_a_broken_safetensors():
    import torch

    Path("elsewhere/safetensors").mkdir(parents=True)
    Path("elsewhere/safetensors/__init__.py").write_text("raise OSError('libc.so')")
    torch.save({"a": torch.zeros(1)}, "w.pth")
    done = program("convert", "w.pth", "--spec", "small.yaml", "-o", "o.safetensors", env={"PYTHONPATH": "elsewhere"})
    assert done.returncode == 2
    assert done.stderr.startswith("error: safetensors cannot be imported (")
    assert done.stderr.endswith("): pip install safetensors, or use .pth files\n")
