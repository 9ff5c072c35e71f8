"""`build`: whose files it overwrites, what it leaves behind, and that the same spec gives the same bytes."""

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.running import BAD, ROOT, SMALL, SPECS, program, tool

OTHER = SMALL.replace("small", "other")
HAND = "print('mine')\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    Path("other.yaml").write_text(OTHER)
    Path("bad.yaml").write_text(BAD.replace("small", "bad"))
    return tmp_path


def files(folder: str | Path = ".") -> set[str]:
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


SPECS_HERE = {"small.yaml", "other.yaml", "bad.yaml"}


def written() -> set[str]:
    return files() - SPECS_HERE


# Where files go.


def test_the_default_folder():
    result = tool("build", "small.yaml", "other.yaml")
    assert result.code == 0
    assert written() == {"generated/small.py", "generated/other.py"}
    assert result.err.splitlines()[0].startswith("wrote generated/small.py  (")


def test_folders_are_made_with_their_parents():
    assert tool("build", "small.yaml", "-o", "a/b/c").code == 0
    assert tool("build", "small.yaml", "-o", "d/e/net.py").code == 0
    assert written() == {"a/b/c/small.py", "d/e/net.py"}
    assert Path("a/b/c/small.py").read_bytes() == Path("d/e/net.py").read_bytes()


def test_a_folder_may_have_any_name_but_an_ending_py():
    assert tool("build", "small.yaml", "-o", "v1.0").code == 0
    assert written() == {"v1.0/small.py"}
    Path("folder.py").mkdir()
    result = tool("build", "small.yaml", "-o", "folder.py")
    assert (result.code, result.err) == (2, "error: cannot write folder.py: it is not a regular file\n")


def test_edits_are_part_of_the_spec():
    assert tool("build", "small.yaml", "--set", "name=wide", "--set", "stages.0.width=96").code == 0
    assert written() == {"generated/wide.py"}
    assert "96" in Path("generated/wide.py").read_text()


# Nothing is written when anything is wrong.


@pytest.mark.parametrize(
    ("specs", "code"), [("small.yaml bad.yaml", 1), ("bad.yaml small.yaml", 1), ("small.yaml missing.yaml", 2)]
)
def test_one_bad_spec_stops_all(specs, code):
    assert tool("build", *specs.split()).code == code
    assert written() == set()


def test_two_specs_of_one_name_stop_all():
    Path("again.yaml").write_text(SMALL)
    result = tool("build", "other.yaml", "small.yaml", "again.yaml")
    assert result.code == 1
    assert result.err.startswith("error[E108]: two specs are named `small`")
    assert written() == {"again.yaml"}
    assert tool("build", "small.yaml", "small.yaml").code == 1


def test_one_refused_file_stops_all():
    Path("generated").mkdir()
    Path("generated/small.py").write_text(HAND)
    assert tool("build", "other.yaml", "small.yaml").code == 2
    assert written() == {"generated/small.py"}
    assert Path("generated/small.py").read_text() == HAND


@pytest.mark.parametrize("mode", ["--dry-run", "--check", "--diff"])
def test_looking_writes_nothing(mode):
    tool("build", "small.yaml", mode, "-o", "out")
    assert written() == set()
    assert not Path("out").exists()


def test_dry_run_says_what_would_happen():
    tool("build", "other.yaml")
    result = tool("build", "small.yaml", "other.yaml", "--dry-run")
    assert result.code == 0
    assert [line.partition("  (")[0] for line in result.err.splitlines()] == [
        "would write generated/small.py",
        "unchanged generated/other.py",
    ]
    Path("generated/small.py").write_text(HAND)
    assert tool("build", "small.yaml", "--dry-run").code == 2


# Whose file it is.

OURS = Path("generated/small.py")


def test_its_own_file_is_replaced_when_the_spec_changes():
    tool("build", "small.yaml")
    before = OURS.read_bytes()
    assert tool("build", "small.yaml").err.startswith("unchanged ")
    Path("small.yaml").write_text(SMALL.replace("width: 128", "width: 96"))
    assert tool("build", "small.yaml").err.startswith("wrote ")
    assert OURS.read_bytes() != before


def edit_code(text: str) -> str:
    return text.replace("depth=2", "depth=3", 1)


EDITS = {
    "code": edit_code,
    "comment": lambda text: text + "# mine\n",
    "spec_digest": lambda text: text.replace("spec sha256 ", "spec sha256 0", 1),
    "file_digest": lambda text: text.replace("file sha256 ", "file sha256 0", 1)[: len(text)],
    "line_removed": lambda text: text.replace("import torch\n", "", 1),
    "cut": lambda text: text[:-20],
    "mixed_line_ends": lambda text: text.replace("\n", "\r", 1),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_file_is_kept(edit):
    tool("build", "small.yaml")
    text = OURS.read_text()
    edited = EDITS[edit](text)
    assert edited != text
    OURS.write_text(edited, newline="")
    result = tool("build", "small.yaml")
    assert result.code == 2
    assert result.err.startswith("error: generated/small.py: ")
    assert "--force" in result.err
    with OURS.open(newline="") as file:
        assert file.read() == edited
    assert tool("build", "small.yaml", "--check").code == 1
    assert tool("build", "small.yaml", "--force").code == 0
    assert OURS.read_text() == text


@pytest.mark.parametrize(
    "content", [HAND.encode(), b"", b"\xff\xfe\x00", b"file sha256 -\n", b"Generated by tresnet-gen\n"]
)
def test_a_foreign_file_is_kept(content):
    OURS.parent.mkdir()
    OURS.write_bytes(content)
    for mode in ((), ("--dry-run",)):
        result = tool("build", "small.yaml", *mode)
        assert (result.code, result.err) == (
            2, "error: generated/small.py: not written by tresnet-gen; --force overwrites it\n",
        )  # fmt: skip
    assert OURS.read_bytes() == content
    assert tool("build", "small.yaml", "--check").code == 1
    assert tool("build", "small.yaml", "--force").code == 0
    assert tool("build", "small.yaml", "--check").code == 0


def test_a_file_of_another_spec_is_ours_to_replace():
    """A renamed spec built to one file: the mark says tresnet-gen wrote it, and nobody edited it."""
    tool("build", "other.yaml", "-o", "net.py")
    assert tool("build", "small.yaml", "-o", "net.py").code == 0
    assert "class Small(" in Path("net.py").read_text()


def test_line_ends_rewritten_by_a_checkout_are_no_edit():
    tool("build", "small.yaml")
    text = OURS.read_bytes()
    OURS.write_bytes(text.replace(b"\n", b"\r\n"))
    assert tool("build", "small.yaml", "--check").code == 0
    assert tool("build", "small.yaml").err.startswith("unchanged ")
    Path("small.yaml").write_text(SMALL.replace("width: 128", "width: 96"))
    assert tool("build", "small.yaml").code == 0
    assert b"\r" not in OURS.read_bytes()


# --check and --diff.


def test_check():
    missing = tool("build", "small.yaml", "other.yaml", "--check")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err == "".join(
        f"generated/{name}.py: missing; run `tresnet-gen build`\n" for name in ("small", "other")
    )
    tool("build", "small.yaml", "other.yaml")
    assert tool("build", "small.yaml", "other.yaml", "--check") == (0, "", "2 files up to date\n")
    Path("small.yaml").write_text(SMALL.replace("width: 128", "width: 96"))
    stale = tool("build", "small.yaml", "other.yaml", "--check")
    assert stale == (1, "", "generated/small.py: out of date; run `tresnet-gen build`\n")
    assert tool("build", "small.yaml", "--check", "--set", "stages.1.width=128").code == 0


def test_check_does_not_mind_how_the_spec_is_written():
    tool("build", "small.yaml")
    Path("small.yaml").write_text("# the same\n" + SMALL.replace("stride: 2", "stride: 2, aa: false, se: null"))
    assert tool("build", "small.yaml", "--check").code == 0


def test_check_in_json():
    OURS.parent.mkdir()
    Path("generated/other.py").write_text(HAND)
    states = {
        m["name"]: m["state"]
        for m in tool("build", "small.yaml", "other.yaml", "--check", "--format=json").document["models"]
    }
    assert states == {"small": "missing", "other": "foreign"}


def patched(text: str, patch: str) -> str:
    """Apply a unified diff."""
    old, new, place = text.splitlines(), [], 0
    for line in patch.splitlines()[2:]:
        if hunk := re.match(r"@@ -(\d+)", line):
            start = int(hunk[1]) - 1
            new += old[place:start]
            place = start
        elif line[0] == "+":
            new.append(line[1:])
        else:
            assert line[1:] == old[place]
            new += [old[place]] if line[0] == " " else []
            place += 1
    return "\n".join([*new, *old[place:]]) + "\n"


def test_diff_is_a_patch_that_applies():
    tool("build", "small.yaml")
    before = OURS.read_text()
    assert tool("build", "small.yaml", "--diff") == (0, "", "")
    Path("small.yaml").write_text(SMALL.replace("width: 128", "width: 96"))
    result = tool("build", "small.yaml", "--diff")
    assert (result.code, result.err) == (1, "")
    assert OURS.read_text() == before
    OURS.write_text(patched(before, result.out))
    assert tool("build", "small.yaml", "--check").code == 0


def test_diff_of_a_missing_file_is_all_of_it():
    lines = tool("build", "small.yaml", "--diff").out.splitlines()
    assert [line[:3] for line in lines[:2]] == ["---", "+++"]
    assert all(line.startswith("+") for line in lines[3:])


@pytest.mark.parametrize(("path", "edit"), [("parts/conv_bn.jinja", '"""'), ("parts/docstring.jinja", "Generated by ")])
def test_check_notices_an_edited_template(tmp_path, path, edit):
    for name in ("tresnet_gen", "templates", "specs"):
        shutil.copytree(ROOT / name, tmp_path / "tree" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "cli.py", tmp_path / "tree")
    command = [sys.executable, "tree/cli.py", "build", "small.yaml"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    template = tmp_path / "tree" / "templates" / path
    text = template.read_text()
    assert edit in text
    template.write_text(text.replace(edit, f"{edit}Edited. ", 1))
    check = [*command, "--check"]
    stale = subprocess.run(check, check=False, capture_output=True, text=True)
    assert (stale.returncode, stale.stderr) == (1, "generated/small.py: out of date; run `tresnet-gen build`\n")
    template.write_text(text)
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("spec", sorted(SPECS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_committed_modules_are_up_to_date(spec):
    assert tool("build", spec, "-o", ROOT / "generated", "--check").code == 0


# The file system.


def test_a_failing_write_leaves_everything_as_it_was(monkeypatch):
    """A disk that is full: the old file stands, no temporary file is left."""
    tool("build", "small.yaml")
    before = OURS.read_bytes()
    Path("small.yaml").write_text(SMALL.replace("width: 128", "width: 96"))

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        result = tool("build", "small.yaml")
        again = tool("build", "small.yaml", "--format", "json")
    assert (result.code, result.err) == (2, "error: cannot write generated/small.py: no space left on device\n")
    assert (again.code, again.document["diagnostics"][0]["code"]) == (2, "E000")
    assert OURS.read_bytes() == before
    assert written() == {"generated/small.py"}


def test_an_interrupted_write_leaves_nothing(monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupt)
        assert tool("build", "small.yaml").code == 130
    assert written() == set()


def test_a_link_is_followed():
    Path("real").mkdir()
    Path("generated").mkdir()
    OURS.symlink_to("../real/net.py")
    assert tool("build", "small.yaml").code == 0
    assert OURS.is_symlink()
    assert files("real") == {"net.py"}
    Path("small.yaml").write_text(SMALL.replace("width: 128", "width: 96"))
    assert tool("build", "small.yaml").code == 0
    assert OURS.is_symlink()
    assert "96" in Path("real/net.py").read_text()


def test_permissions_are_kept():
    tool("build", "small.yaml")
    OURS.chmod(0o751)
    assert tool("build", "small.yaml", "--set", "num_classes=10").code == 0
    assert stat.S_IMODE(OURS.stat().st_mode) == 0o751


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_decides_on_new_files(umask, mode):
    before = os.umask(umask)
    try:
        assert tool("build", "small.yaml").code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(OURS.stat().st_mode) == mode


@pytest.mark.parametrize(
    "output", ["small.yaml/sub", "small.yaml/net.py", "/proc/none/net.py", "x" * 300 + ".py", "/dev/null/x"]
)
def test_what_cannot_be_written_is_one_line(output):
    result = tool("build", "small.yaml", "-o", output)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: cannot write ")
    assert result.err.count("\n") == 1
    assert written() == set()


def test_a_device_is_not_overwritten():
    Path("null.py").symlink_to("/dev/null")
    assert tool("build", "small.yaml", "-o", "null.py").code == 2


@contextmanager
def without_privileges() -> Iterator[None]:
    """Give up root's right to write anywhere for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_without_permission():
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        spec, locked = folder / "small.yaml", folder / "locked"
        spec.write_text(SMALL)
        assert tool("build", spec, "-o", locked).code == 0
        locked.chmod(0o555)
        with without_privileges():
            current = tool("build", spec, "-o", locked)
            stale = tool("build", spec, "-o", locked, "--set", "num_classes=10")
            missing = tool("build", spec, "-o", locked / "new")
        assert current.code == 0
        for result, path in ((stale, locked / "small.py"), (missing, locked / "new" / "small.py")):
            assert (result.code, result.err) == (2, f"error: cannot write {path}: permission denied\n")
        assert files(folder) == {"small.yaml", "locked/small.py"}
        locked.chmod(0o755)


# The same bytes from everywhere.


def test_the_same_bytes_whatever_the_surroundings(folder):
    """Other clock, locale, time zone, hash seed, umask, working folder, path spelling, encoding of the terminal."""
    text = SMALL + "description: 模型\nact: {type: silu}\n"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    ways = [
        (folder, "small.yaml", {"PYTHONHASHSEED": "0"}),
        (folder / "deep", "../small.yaml", {"PYTHONHASHSEED": "4242", "TZ": "Asia/Tokyo", "LC_ALL": "C"}),
        (folder / "deep" / "er", str(folder / "small.yaml"), {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}),
        (folder, ".//deep/../small.yaml", {"HOME": "/nonexistent", "USER": "nobody", "COLUMNS": "20"}),
    ]
    outputs = set()
    for number, (cwd, spec, env) in enumerate(ways):
        result = program("build", spec, "-o", folder / f"out{number}", cwd=cwd, env=env, umask=0o077 * (number % 2))
        assert result.returncode == 0, result.stderr
        outputs.add((folder / f"out{number}" / "small.py").read_bytes())
    assert len(outputs) == 1
    [module] = outputs
    assert str(folder).encode() not in module
    assert "模型" in str(ast.get_docstring(ast.parse(module)))
