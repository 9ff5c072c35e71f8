"""Specs, edits, arguments and files written to break the tool: each is refused, and says where and why."""

import json
from pathlib import Path

import pytest

from tests.hostile.case import MARK, Case
from tests.hostile.forked import Answer, Run, Server
from tests.hostile.groups import GROUPS
from tests.hostile.tally import MOST_MIB, SLOWEST_S, record

CASES = [pytest.param(group, case, id=f"{group}-{case.name}") for group, cases in GROUPS.items() for case in cases]
# A spec is validated for programs, built for people and validated for GitHub.
COMMANDS = (
    ("validate", "spec.yaml", "--format", "json"),
    ("build", "spec.yaml"),
    ("validate", "spec.yaml", "--format", "github"),
)


LARGE = 15_000  # characters


def commands(case: Case) -> tuple[tuple[str, ...], ...]:
    """Return the commands of a case; what is large is read once, for its time and memory."""
    if case.args:
        return (case.args,)
    size = sum(map(len, (case.text, *case.files.values())))
    return COMMANDS if size < LARGE else COMMANDS[:1]


def write(folder: Path, case: Case) -> None:
    for name, content in {"spec.yaml": case.text, **case.files}.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def faults_of(case: Case, answer: Answer, folder: Path) -> set[str]:
    """Return the columns of the table in which the case counts, none when it went as expected."""
    found = {
        "traceback": bool(answer.fault) or any("Traceback" in run.err for run in answer.runs),
        "wrongly accepted": any(run.code == 0 for run in answer.runs) or left_behind(case, folder),
        "code injected": any(MARK in path.name for path in folder.parent.rglob("*")),
        "over time": answer.seconds > SLOWEST_S,
        "over memory": answer.mib > MOST_MIB,
        "otherwise": not all(said(case, run) for run in answer.runs) or not all(map(fit_for_a_terminal, answer.runs)),
    }
    return {fault for fault, present in found.items() if present}


def left_behind(case: Case, folder: Path) -> bool:
    """Return whether there is a file that was not there, or one that has changed."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    before = {"spec.yaml": case.text, **case.files}
    return there != set(before) or any(
        (folder / name).read_bytes() != (text.encode() if isinstance(text, str) else text)
        for name, text in before.items()
    )


def fit_for_a_terminal(run: Run) -> bool:
    text = run.out + run.err
    return all(char.isprintable() or char == "\n" for char in text) and all(len(line) < 1500 for line in text.split())


def said(case: Case, run: Run) -> bool:
    """Return whether a run says what the case wants, in the form it was asked for."""
    if case.args:
        return run.code == case.exit and case.says in run.err and run.out == ""
    if run.code != 1:
        return False
    if run.out.startswith("{"):
        findings = run.document["diagnostics"]
        first = findings[0]
        place = (first["code"], first["line"]) == (case.code, case.line) and run.document["models"] == []
        return place and case.says in first["message"] and len(findings) <= 101
    if run.out:
        return run.err == "" and all(line.startswith("::error ") for line in run.out.splitlines())
    return run.err.startswith(f"error[{case.code}]: ") and max(map(len, run.err.splitlines())) < 300


@pytest.mark.parametrize(("group", "case"), CASES)
def test_refused(group: str, case: Case, folder: Path, server: Server) -> None:
    write(folder, case)
    answer = server.run(folder, *commands(case), stdin=case.stdin)
    faults = faults_of(case, answer, folder)
    record(group, case.name, faults, answer.seconds, answer.mib)
    shown = [f"exit {run.code}: {(run.err or run.out)[:600]}" for run in answer.runs]
    assert not faults, "\n".join([str(sorted(faults)), f"{answer.seconds:.2f} s", answer.fault, *shown])


def test_names_are_unique() -> None:
    for group, cases in GROUPS.items():
        names = [case.name for case in cases]
        assert len(set(names)) == len(names), group


def test_a_refusal_can_be_read_by_a_program(folder: Path, server: Server) -> None:
    """`--format json` gives one document for usage errors too."""
    (folder / "spec.yaml").write_text("name: [")
    commands = [
        ("validate", "spec.yaml", "--format", "json"),
        ("validate", "missing.yaml", "--format=json"),
        ("estimate", "spec.yaml", "--batch", "\x1b", "--format", "json"),
        ("build", "--\x1b", "--format", "json"),
    ]
    for run in server.run(folder, *commands).runs:
        document = json.loads(run.out)
        assert document["models"] == []
        assert document["diagnostics"][0]["severity"] == "error"
        assert run.code in (1, 2)
