"""The tool as a program: pipes, terminals, signals, completion, and what it imports."""

import array
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.cli.running import BAD, COMMAND, ROOT, SMALL, program


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    Path("bad.yaml").write_text(BAD)


# Pipes.


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("estimate tresnet_m", 0),
        ("estimate tresnet_m tresnet_l tresnet_xl --format json", 0),
        ("build tresnet_l -o -", 0),
        ("graph tresnet_xl", 0),
        ("--help", 0),
        ("diff tresnet_m tresnet_l", 1),
        ("validate bad.yaml --format json", 1),
        ("validate missing.yaml --format json", 2),
    ],
)
def test_a_reader_that_has_had_enough(words, code):
    """`| head -1`: no traceback, no complaint but those of the command, and the exit code all the same."""
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run([*COMMAND, *words.split()], stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert result.stderr == b""
    assert result.returncode == code


def test_head():
    script = f"'{sys.executable}' '{ROOT}/cli.py' graph tresnet_xl | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, 'digraph "tresnet_xl" {\n', "")


def test_a_full_disk_behind_standard_output():
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert (result.returncode, result.stderr) == (2, "error: no space left on device\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("list >&-", "error: standard output is closed\n"),
        ("build small.yaml -o - >&-", "error: standard output is closed\n"),
        ("validate - <&-", "error: cannot read standard input: it is closed\n"),
    ],
)
def test_closed_streams(words, message):
    script = f"'{sys.executable}' '{ROOT}/cli.py' {words}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (2, message)


# Terminals.


def on_a_terminal(*words: str, **env: str) -> tuple[int, str]:
    """Return exit code and what a terminal receives as standard error."""
    ours, theirs = pty.openpty()
    surroundings = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")} | env
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.DEVNULL, stderr=theirs, env=surroundings)
    os.close(theirs)
    received = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            block = os.read(ours, 65_536)
        except OSError:  # Linux's way to say that the other side has closed
            break
        if not block:
            break
        received += block
    os.close(ours)
    return process.wait(60), received.decode().replace("\r\n", "\n")


def test_colour_on_a_terminal_only():
    plain = program("validate", "bad.yaml")
    assert plain.returncode == 1
    assert "\x1b" not in plain.stderr
    code, coloured = on_a_terminal("validate", "bad.yaml", TERM="xterm")
    assert code == 1
    assert coloured.startswith("\x1b[1;31merror[E104]")
    without = "".join(part.partition("m")[2] if number else part for number, part in enumerate(coloured.split("\x1b[")))
    assert without == plain.stderr


@pytest.mark.parametrize("env", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("name", ["bad.yaml", "missing.yaml"])
def test_no_colour_where_it_is_not_wanted(env, name):
    code, received = on_a_terminal("validate", name, **env)
    assert code in (1, 2)
    assert received.startswith("error")
    assert "\x1b" not in received


# Signals.


def test_ctrl_c():
    """SIGINT while the tool reads standard input: 130, one word, no traceback."""
    read, write = os.pipe()
    with subprocess.Popen([*COMMAND, "validate", "-"], stdin=read, stderr=subprocess.PIPE, text=True) as process:
        os.write(write, b"name: small\n")
        waiting = array.array("i", [1])
        deadline = time.monotonic() + 60
        while waiting[0] and time.monotonic() < deadline:  # until it has taken what we wrote, and wants more
            time.sleep(0.01)
            fcntl.ioctl(read, termios.FIONREAD, waiting)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    os.close(read)
    os.close(write)
    assert (process.returncode, err.strip()) == (130, "interrupted")


# Completion.


def completions(words: str, tmp_path: Path) -> list[str]:
    """Return what bash offers for the last of the words, which is being typed."""
    launcher = tmp_path / "bin" / "tresnet-gen"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/cli.py" "$@"\n')
    launcher.chmod(0o755)
    script = f"""
    eval "$(_TRESNET_GEN_COMPLETE=bash_source tresnet-gen)"
    COMP_WORDS=({words})
    COMP_CWORD=$(({len(words.split())} - 1))
    $(complete -p tresnet-gen | sed 's/.* -F \\([^ ]*\\) .*/\\1/') tresnet-gen
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    env = {**os.environ, "PATH": f"{launcher.parent}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=60, check=False)
    return run.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tresnet-gen build tresnet_m", {"tresnet_m", "tresnet_m_448", "tresnet_m_abn"}),
        ("tresnet-gen estimate small.yaml resnet50", {"resnet50", "resnet50d"}),
        ("tresnet-gen diff tresnet_l tresnet_x", {"tresnet_xl", "tresnet_xl_abn"}),
        ("tresnet-gen va", {"validate"}),
        ("tresnet-gen validate x --form", {"--format"}),
        ("tresnet-gen validate x --format gi", {"github"}),
    ],
)
def test_completion(words, offered, tmp_path):
    assert set(completions(words, tmp_path)) == offered


# Imports.

REPORT = """
import sys
from tresnet_gen.cli import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
HEAVY = {"torch", "numpy", "jinja2", "jsonschema", "networkx"}


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("--version", set()),
        ("--help", set()),
        ("validate small.yaml", set()),
        ("validate bad.yaml", set()),
        ("estimate small.yaml", set()),
        ("diff small.yaml tresnet_m", set()),
        ("show small.yaml --resolved", set()),
        ("list", set()),
        ("init fresh", set()),
        ("graph small.yaml", set()),
        ("schema --format markdown", set()),
        ("build small.yaml", {"jinja2"}),
        ("build small.yaml --check", {"jinja2"}),
        ("schema", {"jsonschema"}),
        ("graph small.yaml -o g.graphml", {"networkx"}),
    ],
)
def test_a_command_imports_what_it_uses(words, needed):
    run = subprocess.run(
        [sys.executable, "-c", REPORT, *words.split()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    imported = set(run.stderr.splitlines()[-1].split()) & HEAVY
    # networkx brings numpy along where it is installed.
    assert imported - ({"numpy"} if "networkx" in needed else set()) == needed
