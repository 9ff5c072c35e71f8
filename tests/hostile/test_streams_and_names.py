"""Names of files, streams without an end, and the largest network that is legal."""

import json
import subprocess
from pathlib import Path

from tests.cli.running import program
from tests.hostile.case import spec
from tests.hostile.forked import Answer, Server
from tests.hostile.tally import MOST_MIB, SLOWEST_S, record

NAME = "\x1b]0;PWNED\x07\n\u202e.yaml"
SHOWN = "\\x1b]0;PWNED\\x07\\n\\u202e.yaml"


def is_printable(answer: Answer) -> bool:
    return all(char.isprintable() or char == "\n" for run in answer.runs for char in run.out + run.err)


def test_names_of_files_reach_the_terminal_escaped(folder: Path, server: Server) -> None:
    Path(NAME).write_text(spec())
    Path(f"bad{NAME}").write_text(spec(act="act: 1"))
    Path(f"device{NAME}").write_text("title: X\nmemory_gib: 16\ntensor_tflops: 100\nbandwidth_gb_s: 900\n")
    commands = [
        ("validate", NAME),
        ("validate", f"bad{NAME}"),
        ("build", NAME, "-o", f"{NAME}/x.py"),
        ("build", NAME, "-o", f"{NAME.removesuffix('.yaml')}/x.py"),
        ("show", NAME),
        ("graph", NAME, "-o", f"{NAME}.dot"),
        ("diff", NAME, f"bad{NAME}"),
        ("estimate", NAME, "--device", f"missing{NAME}"),
        ("init", "x", "-o", NAME),
        ("validate", NAME, f"missing{NAME}"),
    ]
    answer = server.run(folder, *commands)
    assert answer.fault == ""
    assert is_printable(answer)
    for run, command in zip(answer.runs, commands, strict=True):
        assert SHOWN.removesuffix(".yaml") in run.out + run.err, command


def test_names_of_files_in_every_form(folder: Path, server: Server) -> None:
    Path(f"bad{NAME}").write_text(spec(act="act: 1"))
    Path(NAME).write_text(spec())
    Path(f"device{NAME}").write_text("title: X\nmemory_gib: 16\ntensor_tflops: 100\nbandwidth_gb_s: 900\n")
    answer = server.run(
        folder,
        ("validate", f"bad{NAME}", "--format", "json"),
        ("validate", f"bad{NAME}", f"missing{NAME}", "--format", "github"),
        ("estimate", NAME, "--device", f"device{NAME}"),
        ("estimate", NAME, "--device", f"device{NAME}", "--format", "json"),
        ("estimate", NAME, "--device", f"device{NAME}", "--format", "csv"),
        ("show", NAME, "--format", "csv"),
        ("show", NAME, "--format", "markdown"),
    )
    assert answer.fault == ""
    assert is_printable(answer)
    found, github, _, estimate, *_ = answer.runs
    assert found.document["diagnostics"][0]["path"] == f"bad{NAME}"
    assert [line.startswith("::error ") for line in github.out.splitlines()] == [True, True]
    [speed] = json.loads(estimate.out)["models"][0]["throughput"]
    assert speed["gpu"] == f"device{SHOWN.removesuffix('.yaml')}"


def test_a_name_that_is_not_utf8(folder: Path, server: Server) -> None:
    name = b"\xff\xfe.yaml".decode("utf-8", "surrogateescape")
    Path(name).write_text(spec())
    answer = server.run(folder, ("build", name), ("show", name), ("validate", name, "--format", "json"))
    assert (answer.fault, [run.code for run in answer.runs]) == ("", [0, 0, 0])
    assert "\\udcff\\udcfe.yaml" in answer.runs[1].out


def test_endless_standard_input_stops_at_the_limit() -> None:
    """`yes | tresnet-gen build -` must not wait for an end that never comes."""
    with subprocess.Popen(["yes", "a: 1"], stdout=subprocess.PIPE) as endless:
        result = program("build", "-", stdin=endless.stdout)
        endless.kill()
    assert result.returncode == 1
    assert "larger than 1 MiB" in result.stderr


def test_the_largest_legal_network_is_validated_within_the_limits(folder: Path, server: Server) -> None:
    """As many blocks as may be, of the kind with most ops."""
    block = f"{{block: inverted_residual, depth: 512, width: 64, kernel: {[3] * 8}, se: {{ratio: 4}}}}"
    (folder / "spec.yaml").write_text(spec(stages="stages: [" + ", ".join([block] * 64) + "]"))
    answer = server.run(folder, ("validate", "spec.yaml"))
    over = {"over time": answer.seconds > SLOWEST_S, "over memory": answer.mib > MOST_MIB}
    record("semantic", "largest legal network", {fault for fault in over if over[fault]}, answer.seconds, answer.mib)
    assert [run.code for run in answer.runs] == [0]
    assert not any(over.values())
