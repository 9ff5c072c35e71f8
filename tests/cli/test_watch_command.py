"""`watch`: each saved edit is told within two seconds, however it is saved, and whatever is wrong with it."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.running import BAD, SMALL, tool
from tests.cli.watched import Watch

SPEC, BASE = Path("net.yaml"), Path("conf/base.yaml")


def text_of(depth: int) -> str:
    return SMALL.replace("depth: 2, width: 64", f"depth: {depth}, width: 64")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    SPEC.write_text(SMALL)
    return tmp_path


# However it is saved.


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def in_two_pieces(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.flush()
        time.sleep(0.03)
        file.write(text[:20])
        file.flush()
        time.sleep(0.03)
        file.write(text[20:])


def by_renaming(path: Path, text: str) -> None:
    beside = path.with_name(".net.yaml.swp")
    beside.write_text(text)
    beside.replace(path)


def as_vim_does(path: Path, text: str) -> None:
    """With `backup`: the old file becomes the backup, a new one is written."""
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(text)
    backup.unlink()


def away_and_back(path: Path, text: str) -> None:
    path.unlink()
    time.sleep(0.15)
    path.write_text(text)


def with_its_old_times(path: Path, text: str) -> None:
    """As `cp -p` and `rsync` of a file of the same size do."""
    times = path.stat()
    path.write_text(text)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def by_a_link(path: Path, text: str) -> None:
    other = path.with_name("another.yaml")
    other.write_text(text)
    beside = path.with_name("link")
    beside.symlink_to(other.name)
    beside.replace(path)


def in_a_new_folder(path: Path, text: str) -> None:
    """As a checkout of another branch may do."""
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    path.write_text(text)


def as_kubernetes_does(path: Path, text: str) -> None:
    """A folder of links to ..data/, itself a link that is swapped."""
    new = path.parent / f"..{time.monotonic_ns()}"
    new.mkdir()
    (new / path.name).write_text(text)
    (path.parent / "..fresh").symlink_to(new.name)
    (path.parent / "..fresh").replace(path.parent / "..data")
    if not path.is_symlink():
        path.unlink(missing_ok=True)
        path.symlink_to(f"..data/{path.name}")


STYLES = [in_place, in_two_pieces, by_renaming, as_vim_does, away_and_back, with_its_old_times]
STYLES += [in_a_new_folder, as_kubernetes_does, as_kubernetes_does, by_a_link]


def test_every_way_to_save_of_a_spec_and_of_its_base(folder):
    BASE.parent.mkdir()
    BASE.write_text(text_of(2))
    SPEC.write_text("name: net\nextends: conf/base.yaml\n")
    with Watch(SPEC) as watch:
        watch.begun()
        for number, save in enumerate(STYLES, 2):
            pattern = rf"^stages\.0\.depth +{number} -> {number + 1} "
            watch.told(lambda save=save, number=number: save(BASE, text_of(number + 1)), pattern)
        for number, save in enumerate([in_place, by_renaming, as_vim_does], len(STYLES) + 3):
            edit = f"name: net\nextends: conf/base.yaml\nset: {{stages.0.depth: {number}}}\n"
            watch.told(lambda save=save, edit=edit: save(SPEC, edit), rf"^stages\.0\.depth +\d+ -> {number} ")
        assert "error" not in watch.said["err"]
        assert watch.said["out"].count(", edit ") == len(STYLES) + 3
        assert watch.interrupted() == (130, "interrupted")
    print(f"slowest of {len(watch.latencies_s)} edits: {max(watch.latencies_s):.2f} s")


def test_a_spec_behind_links(folder):
    """Links to links, folders among them, relative and absolute; each of them can be swapped."""
    for name in ("one", "two"):
        Path(name).mkdir()
    Path("one/real.yaml").write_text(text_of(3))
    Path("two/real.yaml").write_text(text_of(4))
    Path("current").symlink_to("one")
    Path("spec.yaml").symlink_to(folder / "current/real.yaml")
    with Watch("spec.yaml") as watch:
        watch.begun()
        watch.told(lambda: (Path("n").symlink_to("two"), Path("n").replace("current")), r"^stages\.0\.depth +3 -> 4 ")
        watch.told(lambda: by_renaming(Path("two/real.yaml"), text_of(5)), r"^stages\.0\.depth +4 -> 5 ")
        watch.told(lambda: by_a_link(Path("spec.yaml"), text_of(6)), r"^stages\.0\.depth +5 -> 6 ")
        watch.told(lambda: in_place(Path("another.yaml"), text_of(7)), r"^stages\.0\.depth +6 -> 7 ")


# What is told.


def test_the_tables_are_those_of_diff(folder):
    options = ["--gpu", "rtx3090", "--batch", "64", "--precision", "amp-bf16", "--optimizer", "adamw", "--memory=8GiB"]
    Path("old.yaml").write_text(SMALL)
    Path("new.yaml").write_text(SMALL.replace("width: 128", "width: 96"))
    diff = tool("diff", "old.yaml", "new.yaml", *options).out
    estimate = tool("estimate", "old.yaml", "--train", *options).out
    with Watch(SPEC, "--set", "num_classes=10", "--set", "num_classes=1000", *options) as watch:
        watch.begun()
        first = watch.waited(r"\A(.|\n)+^images/s: .*\n\n\Z")[0]
        watch.told(lambda: SPEC.write_text(Path("new.yaml").read_text()), r"^same shape and counts: .*\n\n")
        edit = watch.said["out"][len(first) :]
    notes = first[first.index("params: ") :]
    assert diff.endswith("\n\n" + notes[:-1])
    shown = diff.removesuffix(f"\n{notes[:-1]}").replace("small -> small", "small, edit 1")
    for tables in (shown, edit):
        assert "stages.1.width  128 -> 96" in tables
    assert squeezed(edit) == squeezed(shown.replace("old.yaml", "net.yaml").replace("new.yaml", "net.yaml"))
    for figure in ("params", "MACs", "saved for backward, batch 64", "largest batch, rtx3090"):
        [line] = [line for line in first.splitlines() if line.startswith(f"{figure}  ")]
        assert line.split()[-1] in estimate


def squeezed(text: str) -> list[list[str]]:
    """Return the words of each line: columns are as wide as the names of files."""
    return [line.split() for line in text.rstrip().splitlines()]


def test_what_is_wrong_is_told_and_the_next_good_version_is_compared_with_the_last_good_one(folder):
    SPEC.write_text("extends: conf/base.yaml\n")
    with Watch(SPEC) as watch:
        watch.begun("err", r"error\[E201\]: cannot read conf/base.yaml: no such file")
        BASE.parent.mkdir()
        watch.told(lambda: BASE.write_text(text_of(2)), r"\Anet, edit 1\n\ntotal +count\nparams +[\d,]+\n")
        watch.told(lambda: BASE.write_text(BAD), r"error\[E104\](.|\n)*--> conf/base.yaml:4:27(.|\n)*^1 error", "err")
        watch.told(lambda: BASE.write_text("stages: [\n"), r"error\[E002\]", "err")
        watch.told(lambda: BASE.write_bytes(b"\xff"), r"error\[E001\]", "err")
        watch.told(BASE.unlink, r"error\[E201\]: cannot read conf/base.yaml", "err")
        watch.told(lambda: BASE.write_text(text_of(4)), r"edit 6\n\nkey .*\nstages\.0\.depth +2 -> 4 ")
        watch.told(SPEC.unlink, r"^error: cannot read net.yaml: no such file", "err")
        watch.told(lambda: SPEC.write_text("extends: conf/base.yaml\n"), "^net, edit 8: no differences$")
        watch.told(lambda: SPEC.write_text("extends: net.yaml\n"), r"error\[E202\]", "err")
        watch.told(lambda: SPEC.write_text("extends: [\n"), r"error\[E002\]", "err")
        watch.told(lambda: SPEC.write_text("extends: conf/base.yaml\nname: b\n"), r"^net -> b, edit 11\n")
        assert watch.interrupted() == (130, "interrupted")
        assert "Traceback" not in watch.said["err"]


def test_what_is_watched_follows_extends(folder):
    for name, depth in (("one", 2), ("two", 3)):
        Path(f"{name}.yaml").write_text(text_of(depth))
    SPEC.write_text("extends: one.yaml\n")
    with Watch(SPEC) as watch:
        watch.begun().waited("^watching net.yaml, one.yaml; Ctrl-C ends$", "err")
        watch.told(lambda: SPEC.write_text("extends: two.yaml\n"), r"^stages\.0\.depth +2 -> 3 ")
        watch.waited("^watching net.yaml, two.yaml; Ctrl-C ends$", "err")
        Path("one.yaml").write_text(BAD)
        watch.told(lambda: Path("two.yaml").write_text(text_of(4)), r"edit 2\n(.|\n)*^stages\.0\.depth +3 -> 4 ")
        assert "error" not in watch.said["err"]


def test_what_changes_nothing(folder):
    """A touched or rewritten file, other files, and the tool's own reading: silence. A comment: a word."""
    with Watch(SPEC) as watch:
        watch.begun()
        os.utime(SPEC)
        time.sleep(0.3)
        by_renaming(SPEC, SMALL)
        for number in range(50):
            Path(f"other{number}.yaml").write_text(BAD)
        time.sleep(0.3)
        SPEC.chmod(0o600)
        watch.told(lambda: SPEC.write_text(f"# one\n{SMALL}"), "^small, edit 1: no differences\n")
        watch.told(lambda: SPEC.write_text(SMALL + "description: a b\n"), "^description  .*a b")
        assert watch.said["out"].count("edit") == 2
        assert watch.said["err"] == "watching net.yaml; Ctrl-C ends\n"


# --build and --format json.


def test_build(folder):
    module = Path("out/small.py")
    with Watch(SPEC, "--build", "-o", "out") as watch:
        watch.begun("err", r"^wrote out/small.py  \(")
        watch.told(lambda: SPEC.write_text(text_of(3)), r"^wrote out/small.py  \(", "err")
        assert tool("build", SPEC, "-o", "out", "--check").code == 0
        good = module.read_text()
        watch.told(lambda: SPEC.write_text(BAD), r"^1 error", "err")
        assert module.read_text() == good
        mine = good.replace("depth=3", "depth=4")
        module.write_text(mine)
        refusal = "^error: out/small.py: edited since it was generated; build --diff shows the edits, build --force"
        watch.told(lambda: SPEC.write_text(text_of(5)), refusal, "err")
        assert module.read_text() == mine
        module.unlink()
        module.mkdir()
        watch.told(lambda: SPEC.write_text(text_of(6)), "^error: cannot write out/small.py: it is not a regular", "err")
        module.rmdir()
        watch.told(lambda: SPEC.write_text(text_of(7)), r"^wrote out/small.py  \(", "err")
        assert watch.interrupted() == (130, "interrupted")
    assert tool("build", SPEC, "-o", "out", "--check").code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["small.py"]


def test_report(folder):
    page = Path("net.html")
    with Watch(SPEC, "--report", page, "--gpu", "rtx3090", "--gpu", "t4") as watch:
        watch.begun("err", "^wrote net.html$")
        first = page.read_text()
        watch.told(lambda: SPEC.write_text(text_of(3)), "^wrote net.html$", "err")
        second = page.read_text()
        assert first != second
        for text, depth in ((first, 2), (second, 3)):
            SPEC.write_text(text_of(depth))
            params = tool("estimate", SPEC, "--format", "json").document["models"][0]["params"]
            assert f"{params:,}" in text
        page.write_text("mine")
        refusal = "^error: net.html: not written by `tresnet-gen report`, or edited since; report --force overwrites it"
        watch.told(lambda: SPEC.write_text(text_of(4)), refusal, "err")
        assert page.read_text() == "mine"
        assert watch.interrupted() == (130, "interrupted")


def test_json_lines(folder):
    with Watch(SPEC, "--build", "--format", "json", "--report", "net.html") as watch:
        watch.begun("out", r"\n")
        watch.told(lambda: SPEC.write_text(BAD), r"\n")
        watch.told(lambda: SPEC.write_text(text_of(3)), r"\n")
        Path("generated/small.py").write_text("mine\n")
        watch.told(lambda: SPEC.write_text(text_of(4)), r"\n")
    documents = [json.loads(line) for line in watch.said["out"].splitlines()]
    assert [document["edit"] for document in documents] == [0, 1, 2, 3]
    first, broken, mended, refused = documents
    assert (first["files"], first["diff"], first["diagnostics"]) == (["net.yaml"], None, [])
    assert [module["path"] for module in first["modules"]] == ["generated/small.py"]
    assert first["report"] == {"path": "net.html", "state": "wrote"}
    assert (broken["models"], broken["diff"], broken["modules"]) == ([], None, [])
    assert [(d["code"], d["path"], d["line"]) for d in broken["diagnostics"]] == [("E104", "net.yaml", 4)]
    assert [(key["key"], key["old"]["value"], key["new"]["value"]) for key in mended["diff"]["keys"]] == [
        ("stages.0.depth", 2, 3)
    ]
    SPEC.write_text(text_of(3))
    assert mended["models"] == tool("estimate", SPEC, "--train", "--format", "json").document["models"]
    assert (refused["modules"], refused["diagnostics"][0]["code"]) == ([], "E000")
    assert [change["key"] for change in refused["diff"]["keys"]] == ["stages.0.depth"]


# How it begins and ends.


@pytest.mark.parametrize(
    ("code", "words", "message"),
    [
        (2, "missing.yaml", "error: cannot read missing.yaml: no such file or directory"),
        (2, "tresnet_n", "error: no bundled spec is named tresnet_n; did you mean"),
        (2, "-", "standard input cannot be watched"),
        (2, "net.yaml -o x", "-o belongs to --build"),
        (2, "net.yaml --build -o -", "-o names a folder or a file here"),
        (2, "net.yaml --set stages.7.depth=2", "error[E205]"),
        (2, "net.yaml --set stages.0.depth=many", "error[E103]"),
        (2, "net.yaml --gpu rtx1", "rtx1"),
        (2, ".", "error: cannot read .: it is a folder"),
    ],
)
def test_what_cannot_be_watched(code, words, message):
    result = tool("watch", *words.split())
    assert (result.code, result.out) == (code, "")
    assert message in result.err


def test_the_end_of_the_reader_ends_it(folder):
    """`| head -1` ends within two seconds, without another edit."""
    read, write = os.pipe()
    with Watch(SPEC, stdout=write) as watch:
        os.close(write)
        assert os.read(read, 100).startswith(b"small\n")
        os.close(read)
        assert watch.process.wait(2) == 0
    assert watch.said["err"] == "watching net.yaml; Ctrl-C ends\n"


def test_a_system_that_does_not_tell(folder):
    """Without watches left: it is said, and edits are told all the same."""
    exhausted = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    exhausted += ['echo 0 > /proc/sys/user/max_inotify_watches && exec "$@"', "sh"]
    if subprocess.run([*exhausted, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a user namespace with a limit of its own")
    with Watch(SPEC, before=exhausted) as watch:
        watch.begun()
        watch.told(lambda: by_renaming(SPEC, text_of(3)), r"^stages\.0\.depth +2 -> 3 ")
        watch.told(lambda: SPEC.write_text(BAD), r"^1 error", "err")
        watch.told(lambda: SPEC.write_text(text_of(4)), r"^stages\.0\.depth +3 -> 4 ")
        assert watch.interrupted() == (130, "interrupted")
    [line] = [line for line in watch.said["err"].splitlines() if "the system does not tell" in line]
    assert line.startswith("the system does not tell of saved files (")
    assert line.endswith("): looking twice a second")
