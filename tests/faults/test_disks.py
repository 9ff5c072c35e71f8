"""Disks that are full or read-only, links, and folders that are gone: exit code 2, one line, nothing lost."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import COMMAND, SMALL, program, tool
from tests.faults.moments import temporaries

EDIT = ("--set", "num_classes=20")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    return tmp_path


def everything() -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


# Full and read-only disks.


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("build small.yaml -o out", "out/small.py"),
        ("build small.yaml -o new/folder", "new/folder/small.py"),
        ("init fresh", "fresh.yaml"),
        ("init kept --force", "kept.yaml"),
        ("graph small.yaml -o kept.dot", "kept.dot"),
    ],
)
def test_no_room_for_a_file(words, path):
    """The limit cuts the temporary file short; there was a part of it on the disk."""
    tool("build", "small.yaml", "-o", "out", *EDIT)
    for name in ("kept.yaml", "kept.dot"):
        Path(name).write_text("mine\n")
    before = everything()
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (256, 256))  # noqa: E731  # bytes of a file
    result = program(*words.split(), preexec_fn=limit)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"error: cannot write {path}: file too large\n"
    assert everything() == before
    result = program(*words.split(), "--format", "json", preexec_fn=limit) if "build" in words else None
    assert result is None or '"code": "E000"' in result.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_no_room_for_standard_output(unbuffered, monkeypatch):
    """The disk takes a part; Python without a buffer would call that a success."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with Path("out.txt").open("w") as out:
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # noqa: E731
        command = [*COMMAND, "graph", "tresnet_m"]
        result = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, preexec_fn=limit, check=False)
    assert (result.returncode, result.stderr) == (2, "error: file too large\n")


ON_A_DISK = """
set -e
mkdir disk && mount -t tmpfs -o size={size} none disk
tool() { "{python}" "{cli}" "$@"; }
tool build small.yaml -o disk
cp disk/small.py before
{change}
set +e
tool build small.yaml -o disk --set num_classes=20 2> err; echo "exit code $?"
cat err
cmp before disk/small.py && ls -A disk
{mend}
tool build small.yaml -o disk --set num_classes=20 2> err; echo "exit code $?"
ls -A disk
"""


@pytest.mark.parametrize(
    ("change", "mend", "reason"),
    [
        ("", "mount -o remount,size=1m disk", "no space left on device"),
        ("mount -o remount,ro disk", "mount -o remount,rw,size=1m disk", "read-only file system"),
    ],
    ids=["full", "read-only"],
)
def test_a_small_disk(change, mend, reason):
    """A file system with a page more than the module takes, seen by this test alone."""
    own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*own, "mkdir try && mount -t tmpfs none try"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system of their own")
    pages = -(-len(tool("build", "small.yaml", "-o", "-").out) // resource.getpagesize())
    size = str((pages + 1) * resource.getpagesize())
    words = {"size": size, "python": sys.executable, "cli": COMMAND[1], "change": change, "mend": mend}
    script = ON_A_DISK
    for name, word in words.items():
        script = script.replace(f"{{{name}}}", word)
    done = subprocess.run([*own, script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == [
        "exit code 2",
        f"error: cannot write disk/small.py: {reason}",
        "small.py",
        "exit code 0",
        "small.py",
    ]


@pytest.mark.parametrize("path", ["/proc/small.py", "/proc/self/small.py", "/sys/kernel/out/small.py"])
def test_file_systems_that_take_no_files(path):
    """For root, too."""
    result = tool("build", "small.yaml", "-o", path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: cannot write {path}: ")
    assert result.err.count("\n") == 1


# Links.

LINKS = {
    "to a folder": ("out", "real", 0, "real/small.py"),
    "to a folder that is missing": ("out", "new/real", 0, "new/real/small.py"),
    "to itself": ("out", "out", 2, None),
    "in a circle": ("out", "circle", 2, None),
    "file to a missing file": ("out/small.py", "../real/net.py", 0, "real/net.py"),
    "file to a file in a missing folder": ("out/small.py", "../new/net.py", 0, "new/net.py"),
    "file to itself": ("out/small.py", "small.py", 2, None),
    "file to a folder": ("out/small.py", "../real", 2, None),
    "file to a device": ("out/small.py", "/dev/full", 2, None),
    "file through a file": ("out/small.py", "../small.yaml/net.py", 2, None),
}


@pytest.mark.parametrize("case", LINKS)
def test_links(case):
    """A link is followed, never replaced; a file that another link leads to is found again by --check."""
    link, target, code, written = LINKS[case]
    Path("real").mkdir()
    Path("circle").symlink_to("out")
    Path(link).parent.mkdir(exist_ok=True)
    Path(link).symlink_to(target)
    before = set(everything())
    result = tool("build", "small.yaml", "-o", "out")
    assert result.code == code
    assert os.readlink(link) == target
    if written is None:
        assert result.err.startswith("error: cannot write out/small.py: ")
        assert result.err.count("\n") == 1
        assert set(everything()) == before
    else:
        assert Path(written).read_text() == tool("build", "small.yaml", "-o", "-").out
        assert tool("build", "small.yaml", "-o", "out", "--check").code == 0
        assert tool("build", "small.yaml", "-o", "out", *EDIT).code == 0
        assert "num_classes: int = 20" in Path(written).read_text()
        assert os.readlink(link) == target
        assert temporaries(Path(written).parent) == []


# Folders that are gone.


@pytest.mark.parametrize(
    ("code", "words", "message"),
    [
        (0, "list", ""),
        (0, "--help", ""),
        (0, "build tresnet_m -o -", ""),
        (0, "validate {folder}/small.yaml", "{folder}/small.yaml: ok"),
        (0, "build {folder}/small.yaml -o {folder}/out", "wrote {folder}/out/small.py"),
        (2, "build tresnet_m", "error: cannot write generated/tresnet_m.py: no such file or directory"),
        (2, "validate small.yaml", "error: cannot read small.yaml: no such file or directory"),
        (2, "init fresh", "error: the working folder has been removed"),
        (2, "watch {folder}/small.yaml", "error: the working folder has been removed"),
    ],
)
def test_a_working_folder_that_was_removed(folder, code, words, message):
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    command = ["sh", "-c", script, "sh", *COMMAND, *words.format(folder=folder).split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert done.stderr.partition("  (")[0].strip() == message.format(folder=folder)
