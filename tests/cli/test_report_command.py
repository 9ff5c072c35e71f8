"""`tresnet-gen report`: what it writes, what it refuses, and that a report depends on its command alone."""

from pathlib import Path

import pytest

from tests.cli.running import BAD, SMALL, program, tool
from tresnet_gen.cli.reports import command_line


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def test_a_report_is_written_once_and_left_alone_when_nothing_changed(small: Path) -> None:
    first = tool("report", "small.yaml")
    assert (first.code, first.out) == (0, "")
    assert first.err == "wrote report.html\n"
    before = (small / "report.html").stat().st_mtime_ns
    assert tool("report", "small.yaml").err == "unchanged report.html\n"
    assert (small / "report.html").stat().st_mtime_ns == before
    assert tool("report", "small.yaml", "--batch", "2").err == "wrote report.html\n"


@pytest.mark.parametrize(
    "edit", [lambda text: "my own notes\n", lambda text: text.replace("Overview", "Overlook"), str.upper]
)
def test_what_it_did_not_write_is_not_overwritten(small: Path, edit) -> None:
    path = small / "page.html"
    assert tool("report", "small.yaml", "-o", path).code == 0
    own = path.read_text("utf-8")
    path.write_text(edit(own), "utf-8")
    kept = path.read_bytes()
    refused = tool("report", "small.yaml", "-o", path)
    assert (refused.code, refused.out) == (2, "")
    assert "not written by `tresnet-gen report`, or edited since; --force overwrites it" in refused.err
    assert refused.err.count("\n") == 1
    assert path.read_bytes() == kept
    assert tool("report", "small.yaml", "-o", path, "--force").code == 0
    assert path.read_text("utf-8") == own


def test_other_line_ends_are_no_edit(small: Path) -> None:
    assert tool("report", "small.yaml").code == 0
    path = small / "report.html"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert tool("report", "small.yaml").err.startswith("wrote")


def test_the_page_can_go_to_standard_output(small: Path) -> None:
    done = tool("report", "small.yaml", "-o", "-")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("<!doctype html>\n")
    assert done.out.endswith("</html>\n")
    assert [path.name for path in small.iterdir()] == ["small.yaml"]
    assert tool("report", "small.yaml").code == 0
    assert (small / "report.html").read_text("utf-8") == done.out


def test_a_spec_can_come_from_standard_input(small: Path) -> None:
    done = tool("report", "-", "-o", "-", stdin=SMALL)
    assert done.code == 0
    assert "<h1>small</h1>" in done.out


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["bad.yaml"], 1, "E104"),
        (["small.yaml", "bad.yaml"], 1, "E104"),
        (["missing.yaml"], 2, "no such file"),
        (["small.yaml", "--optimizer", "adam"], 2, "--train"),
        (["small.yaml", "--compile", "--train", "--gpu", "rtx3090"], 2, "compiled training"),
        (["small.yaml", "--set", "nothing=1"], 2, "nothing"),
        (["small.yaml", "-o", "."], 2, "not a regular file"),
        (["small.yaml", "-o", "small.pdf"], 2, "a report is HTML"),
        (["small.yaml", "-o", "small.yaml/report.html"], 2, "cannot write"),
        ([], 2, "SPEC"),
    ],
)
def test_a_mistake_writes_nothing(small: Path, args: list[str], code: int, says: str) -> None:
    (small / "bad.yaml").write_text(BAD)
    done = tool("report", *args)
    assert done.code == code
    assert says in done.err
    assert done.out == ""
    assert sorted(path.name for path in small.iterdir()) == ["bad.yaml", "small.yaml"]


def test_bytes_do_not_depend_on_hash_seed_locale_clock_or_folder(small: Path) -> None:
    (small / "other").mkdir()
    found = []
    for output, env in (
        ("one.html", {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"}),
        ("other/two.html", {"PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "COLUMNS": "40"}),
    ):
        done = program("report", "small.yaml", "--gpu", "rtx4090", "-o", output, cwd=small, env=env)
        assert done.returncode == 0, done.stderr
        found.append((small / output).read_bytes())
    assert found[0] == found[1]
    assert str(small).encode() not in found[0]


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["report", "a", "-o", "x.html"], "tresnet-gen report a"),
        (["report", "-ox.html", "a b", "--force"], "tresnet-gen report 'a b'"),
        (["report", "--optimizer", "adam", "--train"], "tresnet-gen report --optimizer adam --train"),
        (["report", "a", "-o", "--force", "$x"], "tresnet-gen report a '$x'"),
    ],
)
def test_the_command_line_is_told_without_where_it_writes(args: list[str], line: str) -> None:
    assert command_line(args) == line
