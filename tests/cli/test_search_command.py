"""`tresnet-gen search`: its exit codes, forms and files; what it writes builds, what others wrote it leaves alone."""

import csv
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.running import COMMAND, SMALL, tool
from tresnet_gen import build_graph, count, load_spec
from tresnet_gen.analysis.devices import gpu
from tresnet_gen.analysis.throughput import predict

DEPTHS = "stages.1.depth=1..4"
WIDTHS = "stages.0.width=48,64,72"
AIMS = ("--minimise", "latency@rtx3090", "--maximise", "params")
WORDS = ("--axis", DEPTHS, "--axis", WIDTHS, *AIMS)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    return tmp_path


def search(*words: str, spec: str = "small.yaml"):
    return tool("search", spec, *words)


def files(where: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(where).iterdir())}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, WORDS),
        (0, ("--axis", DEPTHS, "--minimize", "params")),
        (0, ("--axis", DEPTHS, "--maximize", "macs", "--sample", "2")),
        (0, ("--axis", DEPTHS, "--minimise", "params", "--budget", "macs<=x1", "--set", "stages.0.depth=1")),
        (0, ("--axis", "stages.1.depth=0,1", "--minimise", "params")),
        (1, ("--axis", "stages.1.depth=0,513", "--minimise", "params")),
        (1, ("--axis", DEPTHS, "--minimise", "params", "--budget", "macs<1")),
        (1, ("--axis", DEPTHS, "--minimise", "params", "--set", "stages.0.depth=0")),
        (2, ()),
        (2, ("--axis", DEPTHS)),
        (2, ("--minimise", "params")),
        (2, ("--axis", "stages.1.depht=1,2", "--minimise", "params")),
        (2, ("--axis", DEPTHS, "--minimise", "latency")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "--budget", "macs<nan")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "--set", "stages.0.dept=0")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "--seed", "1")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "--sample", "0")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "--limit", "3")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "--sample", "3", "--limit", "2")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "-o", "small.yaml")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "-o", "small.yaml/found")),
        (2, ("--axis", DEPTHS, "--minimise", "params", "-o", "a\0b")),
    ],
)
def test_codes(code, words):
    result = search(*words)
    assert result.code == code, result.err
    assert (result.out == "") == (code == 2 or "error[" in result.err)
    assert "Traceback" not in result.err


def test_codes_of_specs():
    assert search(*WORDS, spec="missing.yaml").code == 2
    assert tool("search", "-", *WORDS, stdin=SMALL).code == 0


def test_a_product_too_large_is_refused_at_once_with_its_count():
    start = time.process_time()
    result = search("--axis", "stages.*.width=1..1000000", "--axis", "stages.*.depth=1..1000000", *AIMS)
    assert time.process_time() - start < 1
    assert (result.code, result.out) == (2, "")
    assert f"{10**24:,} candidates are more than --limit 1,000,000" in result.err
    assert "--sample 10000" in result.err
    sampled = search(
        "--axis", "stages.*.width=1..1000000", "--axis", "stages.*.depth=1..512", *AIMS, "--sample", "2000"
    )
    assert sampled.code == 0
    assert f"a sample of 2,000 candidates out of {10**12 * 512**2:,}" in sampled.out


def test_a_sample_too_large_to_draw_is_refused_at_once():
    start = time.process_time()
    many = ("--axis", "stages.*.depth=1..512", "--axis", "stages.*.width=8..1024")
    result = search(*many, "--minimise", "params", "--sample", "100000000", "--limit", "100000000000")
    assert (result.code, result.out) == (2, "")
    assert "--sample 100,000,000 is more than the 1,000,000 candidates that are drawn at most" in result.err
    assert time.process_time() - start < 2
    whole = search("--axis", DEPTHS, "--minimise", "params", "--sample", "100000000")
    assert whole.code == 0, "all four are looked at: nothing is drawn"


def test_all_candidates_illegal():
    result = search("--axis", "stages.1.depth=0,513", "--minimise", "params")
    assert result.out == ""
    assert result.err == (
        "none of 2 candidates is a legal spec; this is the first one:\n"
        "error[E104]: `stages.1.depth` must be an integer from 1 to 512; got 0\n"
        " --> --axis:1:16\n  |\n1 | stages.1.depth=0,513\n  |                ^\n  = help: use 1\n\n1 error\n"
    )


def test_the_table_says_what_the_figures_are_worth():
    result = search(*WORDS, "--budget", "memory<1GB@4,amp")
    lines = result.out.splitlines()
    assert lines[0] == "small: 12 candidates, 12 within the budgets, 9 on the front"
    assert lines[1] == "memory<1GB@4,amp-fp16,sgd-momentum; minimise latency@rtx3090,infer,nchw; maximise params"
    assert lines[3].split("  ")[-1].strip() == "memory, bytes"
    assert "mean error" in lines[3]
    assert lines[4].startswith("small  ")
    assert all(row.count("3.0 %") == 1 for row in lines[4:14])
    assert "say how large a network is, not how accurate" in result.out
    assert "from-to held nine of ten unseen networks" in result.out
    assert "0 are no legal specs" in result.err


def test_json_and_csv_tell_the_same():
    document = search(*WORDS, "--format", "json").document
    assert document["schema_version"] == 1
    found = document["search"]
    assert found["counts"] == {"space": 12, "candidates": 12, "valid": 12, "within_budget": 12, "front": 9}
    rows = list(csv.DictReader(io.StringIO(search(*WORDS, "--format", "csv").out)))
    assert [row["name"] for row in rows] == [one["name"] for one in found["front"]]
    for row, one in zip(rows, found["front"], strict=True):
        figure = one["figures"]["latency@rtx3090,infer,nchw"]
        graph = build_graph(load_spec("small.yaml", [f"{path}={value}" for path, value in one["values"].items()]))
        rate = predict(graph, gpu("rtx3090"), "infer nchw")
        assert figure["value"] == 1000 / rate.images_per_s == float(row["latency@rtx3090,infer,nchw"])
        assert figure["error_pct"] == rate.error.pct == float(row["error_pct"])
        assert figure["low"] < figure["value"] < figure["high"]
        assert one["params"] == count(graph).totals.params == int(row["params"])
    assert len(found["dominated"]) == 3
    assert "not how accurate" in " ".join(document["notes"])


def test_what_is_written_builds_and_is_what_was_found():
    result = search(*WORDS, "--set", "stages.0.depth=1", "-o", "deep/found")
    assert result.code == 0
    record = json.loads(Path("deep/found/search.json").read_text())
    front = record["search"]["front"]
    specs = sorted(Path("deep/found").glob("*.yaml"))
    assert (
        [path.stem for path in specs]
        == [one["name"] for one in front]
        == [f"small_{n:02}" for n in range(1, len(specs) + 1)]
    )
    for path, one in zip(specs, front, strict=True):
        spec = load_spec(path)
        assert count(build_graph(spec)).totals.params == one["params"]
        assert (spec.stages[0].depth, spec.stages[0].width) == (1, one["values"]["stages.0.width"])
        assert "extends: ../../small.yaml" in path.read_text()
        assert ("stages.0.width" in path.read_text()) == (one["values"]["stages.0.width"] != 64)
    assert tool("build", *specs).code == 0
    ElementTree.fromstring(Path("deep/found/front.svg").read_text())


@pytest.mark.parametrize("how", ["bundled", "stdin", "outside"])
def test_specs_that_cannot_refer_to_their_base_stand_alone(how, tmp_path, monkeypatch):
    Path("work").mkdir()
    monkeypatch.chdir("work")
    words = ("--axis", "stages.0.depth=1,2", "--minimise", "params", "-o", "found")
    match how:
        case "bundled":
            assert search(*words, spec="tresnet_m").code == 0
        case "stdin":
            assert tool("search", "-", *words, stdin=SMALL).code == 0
        case "outside":
            assert search(*words, spec="../small.yaml").code == 0
    [path] = Path("found").glob("*.yaml")
    assert ("extends: tresnet_m\n" in path.read_text()) == (how == "bundled")
    assert ("extends" in path.read_text()) == (how == "bundled")
    monkeypatch.chdir("/")
    assert load_spec(tmp_path / "work" / path).stages[0].depth == 1


def test_the_same_search_writes_the_same_bytes():
    assert search(*WORDS, "-o", "one").code == search(*WORDS, "-o", "two").code == 0
    assert files("one") == files("two")
    before = {path: path.stat().st_mtime_ns for path in Path("one").glob("*.yaml")}
    assert search(*WORDS, "-o", "one").code == 0
    assert before == {path: path.stat().st_mtime_ns for path in Path("one").glob("*.yaml")}
    assert files("one") == files("two")


def test_another_search_takes_the_place_of_the_first():
    search(*WORDS, "-o", "found")
    Path("found/notes.txt").write_text("mine")
    assert search("--axis", DEPTHS, "--minimise", "params", "-o", "found").code == 0
    assert sorted(files("found")) == ["front.csv", "notes.txt", "search.json", "small_01.yaml"]


@pytest.mark.parametrize("name", ["small_01.yaml", "small_99.yaml", "front.csv", "front.svg", "search.json"])
def test_what_others_wrote_or_edited_stays(name):
    search(*WORDS, "-o", "found")
    path = Path("found", name)
    path.write_text("mine" if not path.exists() else path.read_text().replace("stages.1.depth", "stages.1.width"))
    if name == "front.svg":
        path.write_text("mine")
    before = files("found")
    result = search("--axis", DEPTHS, *AIMS, "-o", "found")
    assert (result.code, result.out) == (2, "")
    assert f"found/{name}: not written by a search, or edited since; --force overwrites it" in result.err
    assert files("found") == before
    assert search("--axis", DEPTHS, *AIMS, "-o", "found", "--force").code == 0


@pytest.mark.parametrize("name", ["../mine.txt", "{mine}", "deeper/mine.txt", "mine.txt"])
def test_a_record_that_names_what_no_search_writes_is_none(name):
    for mine in (Path("mine.txt"), Path("found/mine.txt"), Path("found/deeper/mine.txt")):
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine\n")
    name = name.format(mine=Path("mine.txt").absolute())
    forged = {"files": {name: hashlib.sha256(b"mine\n").hexdigest()}}
    forged["sha256"] = hashlib.sha256(json.dumps(forged).encode()).hexdigest()
    Path("found/search.json").write_text(json.dumps(forged))
    refused = search(*WORDS, "-o", "found")
    assert (refused.code, "not written by a search" in refused.err) == (2, True)
    assert search(*WORDS, "-o", "found", "--force").code == 0
    assert Path("mine.txt").exists()
    assert Path("found/mine.txt").exists()
    assert Path("found/deeper/mine.txt").exists()


@pytest.mark.parametrize(
    "damage",
    [
        {"state": None},
        {"state": []},
        {"state": {}},
        *(
            {"state": {"position": 2, "members": [], "dominated": {"stride": 1, "noted": []}, **wrong}}
            for wrong in (
                {"position": "2"},
                {"position": 10**30},
                {"position": -1},
                {"members": [[[1.0], 0, 0]]},
                {"members": [[["x", 1.0], 0, 0]]},
                {"members": [[[1e999, 1.0], 0, 0]]},
                {"members": [[[1.0, 1.0], 10**9, 0]]},
                {"members": 3},
                {"dominated": {"stride": 0, "noted": []}},
                {"dominated": {"stride": "1", "noted": [[1, [1.0]]]}},
                {"dominated": {}},
                {"complete": 1},
                {"unknown": 1},
            )
        ),
    ],
    ids=str,
)
def test_a_forged_state_is_none(damage):
    expected = search(*WORDS, "-o", "found")
    record = json.loads(Path("found/search.json").read_text())
    assert record["state"]["complete"]
    forged = {key: value for key, value in record.items() if key not in ("sha256", "search")} | damage
    forged["sha256"] = hashlib.sha256(json.dumps(forged).encode()).hexdigest()
    Path("found/search.json").write_text(json.dumps(forged))
    again = search(*WORDS, "-o", "found")
    assert (again.code, again.out) == (0, expected.out)
    assert "going on" not in again.err


def test_a_front_that_was_not_measured_yet_is_kept(monkeypatch):
    expected = search(*WORDS, "-o", "whole")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tresnet_gen.explore.search.results.results_of", interrupt)
        assert search(*WORDS, "-o", "found").code == 130
    assert list(files("found")) == ["search.json"]
    result = search(*WORDS, "-o", "found")
    assert (result.code, result.out) == (0, expected.out)
    assert files("found") == files("whole")


def test_a_gpu_that_a_file_describes():
    card = "title: Mine\nmemory_gib: 24\ntensor_tflops: 142\nbandwidth_gb_s: 936\nlike: rtx3090\n"
    Path("mine.yaml").write_text(card)
    Path("m,\x1b.yaml").write_text(card)
    result = search("--axis", DEPTHS, "--maximise", "throughput@mine", "--device", "mine.yaml", "--format", "json")
    [one] = result.document["search"]["front"]
    twice = search("--axis", DEPTHS, "--maximise", "throughput@rtx3090", "--format", "json").document
    before = twice["search"]["front"][0]["figures"]["throughput@rtx3090,infer,nchw"]["value"]
    assert before < one["figures"]["throughput@mine,infer,nchw"]["value"] < 2 * before
    odd = search("--axis", DEPTHS, "--maximise", "params", "--device", "m,\x1b.yaml")
    assert odd.code == 2
    assert "\x1b" not in odd.err


def test_hostile_descriptions_and_names_stay_text():
    Path("small.yaml").write_text(SMALL + "description: '<script>alert(1)</script> =cmd \\ \"'\n")
    Path("<b>&=1.yaml").write_text(SMALL)
    assert search(*WORDS, "-o", "found").code == 0
    assert search(*WORDS, "-o", "<i>'\"", spec="<b>&=1.yaml").code == 0
    text = "".join(data.decode() for where in ("found", "<i>'\"") for data in files(where).values())
    assert "<script" not in text
    assert all(load_spec(path) for where in ("found", "<i>'\"") for path in Path(where).glob("*.yaml"))
    result = search("--axis", "stages.0.width=\x1b[31m,2", "--minimise", "\x1b]0;x\x07")
    assert "\x1b" not in result.err


def test_ctrl_c_keeps_what_was_found_and_the_same_command_goes_on(tmp_path):
    axes = ["stages.*.depth=1..12", "stages.*.width=48..64..4", "stages.1.expansion=1..4"]
    words = [word for axis in axes for word in ("--axis", axis)]
    aims = ["--minimise", "memory@8,amp,sgd", "--maximise", "params", "-o", "found"]
    command = [*COMMAND, "search", "small.yaml", *words, *aims]
    started = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not Path("found").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 130, err
    assert "Traceback" not in err
    assert "the same command goes on from there" in err
    assert out.startswith("small: the first ")
    record = json.loads(Path("found/search.json").read_text())
    assert 0 <= record["state"]["position"] < record["search"]["counts"]["space"] == 144 * 25 * 4
    assert not record["search"]["complete"]
    result = tool(*command[len(COMMAND) :])
    assert result.code == 0
    assert f"going on from candidate {record['state']['position']:,}" in result.err
    resumed = files("found")
    assert tool(*command[len(COMMAND) : -1], "fresh").code == 0
    assert files("fresh") == resumed


def test_a_killed_search_goes_on_from_its_last_record(tmp_path):
    axes = ["stages.*.depth=1..12", "stages.*.width=48..64..4", "stages.1.expansion=1..2"]
    words = ["search", "small.yaml", *(word for axis in axes for word in ("--axis", axis))]
    words += ["--minimise", "memory@8,amp,sgd", "--maximise", "params", "-o"]
    often = "from tresnet_gen.cli import main, search_command; search_command.KEEP_S = 0.02; main()"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    started = subprocess.Popen([sys.executable, "-c", often, *words, "found"], cwd=tmp_path, env=environment)
    kept = Path("found/search.json")
    while started.poll() is None and not (kept.exists() and json.loads(kept.read_text())["state"]["position"]):
        time.sleep(0.01)
    started.kill()
    assert started.wait() == -signal.SIGKILL
    record = json.loads(kept.read_text())
    assert 0 < record["state"]["position"] < 144 * 25 * 2
    result = tool(*words, "found")
    assert result.code == 0
    assert f"going on from candidate {record['state']['position']:,}\n" in result.err
    assert tool(*words, "fresh").code == 0
    assert files("fresh") == files("found")
