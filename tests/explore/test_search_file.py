"""A search.json in a report: its front is drawn and listed; a file of a stranger is text, or refused in one line."""

import copy
import json
import math
import random
from pathlib import Path

import pytest

from tests.cli.running import SMALL, tool
from tests.explore.reports import parsed, rows, written
from tests.hostile.corpus import DESCRIPTIONS
from tresnet_gen.explore.report.found import blocks
from tresnet_gen.explore.report.search_file import MAX_BYTES, SearchFileError, read

LATENCY, MEMORY = "latency@rtx4090", "memory@64,amp-fp16,sgd-momentum"


def candidate(name: str, latency: float, params: int, memory: int, **edits: object) -> dict:
    return {
        "name": name,
        "number": 7,
        "values": edits,
        "edits": edits,
        "params": params,
        "macs": 100 * params,
        "flops": 200 * params,
        "activations": params,
        "figures": {
            LATENCY: {"value": latency, "unit": "ms", "error_pct": 2.3, "low": 0.95 * latency, "high": 1.05 * latency},
            "params": {"value": params, "unit": "", "error_pct": None, "low": None, "high": None},
            MEMORY: {"value": memory, "unit": "bytes", "error_pct": None, "low": None, "high": None},
        },
        "twins": 0,
    }


DOCUMENT = {
    "schema_version": 1,
    "tool_version": "0.1.0",
    "search": {
        "spec": "tresnet_m",
        "axes": [],
        "budgets": ["memory<16GiB@64,amp-fp16,sgd-momentum"],
        "objectives": [{"figure": LATENCY, "direction": "minimise"}, {"figure": "params", "direction": "maximise"}],
        "sample": None,
        "complete": True,
        "counts": {"space": 2000, "candidates": 1000, "valid": 900, "within_budget": 500, "front": 3},
        "base": candidate("tresnet_m", 0.21, 31_389_032, 2_413_391_048),
        "front": [
            candidate("tresnet_m_01", 0.15, 20_000_000, 2_000_000_000, **{"stages.2.depth": 7}),
            candidate("tresnet_m_02", 0.18, 28_000_000, 2_200_000_000, **{"stages.2.depth": 9, "stages.3.se": None}),
            candidate("tresnet_m_03", 0.25, 44_000_000, 3_000_000_000, **{"stages.2.width": 320}),
        ],
        "dominated": [
            {"number": i, "figures": {LATENCY: 0.2 + i / 500, "params": 20_000_000 + 10_000 * i}} for i in range(60)
        ],
    },
    "diagnostics": [],
}  # fmt: skip


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def changed(*path: str | int, value: object) -> dict:
    """Return the document with a value replaced; a path that ends in `-` deletes."""
    document = copy.deepcopy(DOCUMENT)
    inner = document["search"]
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return document


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def test_the_front_is_drawn_and_listed(small: Path) -> None:
    (small / "search.json").write_bytes(encoded(DOCUMENT))
    page = parsed(written(small / "report.html", "small.yaml", "--search", "search.json"))
    section = page.one("section", id="search")
    *front, base = rows(section, 0)
    assert [row["name"] for row in front] == ["tresnet_m_01", "tresnet_m_02", "tresnet_m_03"]
    assert base["name"] == "tresnet_m"
    for row, one in zip(front, DOCUMENT["search"]["front"], strict=True):
        assert int(row["params"].replace(",", "")) == one["params"]
        assert float(row["latency rtx4090, ms"]) == one["figures"][LATENCY]["value"]
        assert int(row["memory 64, amp-fp16, sgd-momentum, bytes"].replace(",", "")) == one["figures"][MEMORY]["value"]
    assert front[1]["changes of the base"] == "stages.2.depth: 9, stages.3.se: null"
    wide = section.all("svg")[0]
    words = [text.text for text in wide.all("text")]
    assert {"1", "2", "3", "front", "within the budgets", "tresnet_m", "params, M (more is better)"} <= set(words)
    assert f"{LATENCY}, µs (less is better)" in words
    marks = [circle for circle in wide.all("circle") if circle.all("title")]
    assert len(marks) == 3
    places = [(float(mark.attributes["cx"]), float(mark.attributes["cy"])) for mark in marks]
    (x1, y1), (x2, y2), (x3, y3) = sorted(places)
    assert math.isclose((x2 - x1) / (x3 - x1), (0.18 - 0.15) / (0.25 - 0.15), abs_tol=0.01)
    assert math.isclose((y1 - y2) / (y1 - y3), (28 - 20) / (44 - 20), abs_tol=0.01)
    told = section.one("dl").text
    assert "space 2,000, candidates 1,000, valid 900, within budget 500, front 3" in told
    assert "how well it will do once trained" in told
    assert "stopped" not in told


def test_a_search_of_one_objective_has_a_table_alone() -> None:
    document = changed("objectives", value=[{"figure": "params", "direction": "maximise"}])
    assert [block.kind for block in blocks(read(encoded(document)))] == ["table", "notes"]
    stopped = blocks(read(encoded(changed("complete", value=False))))[-1]
    assert "stopped" in dict(stopped.notes)
    assert [block.kind for block in blocks(read(encoded(changed("front", value=[]))))] == ["table", "notes"]


def test_three_objectives_are_no_staircase() -> None:
    aims = [{"figure": name, "direction": "minimise"} for name in (LATENCY, "params", MEMORY)]
    document = changed("objectives", value=aims)
    document["search"]["dominated"] = []
    [chart, *_] = blocks(read(encoded(document)))
    assert 'stroke-width="1.75"' not in chart.wide
    assert 'stroke-width="1.75"' in blocks(read(encoded(DOCUMENT)))[0].wide


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "the file must be a JSON object"),
        (b"{}", "`base` is missing"),
        (b"[" * 100_000, "not JSON"),
        (b'{"search": ' * 300 + b"1" + b"}" * 300, "`base` is missing"),
        (encoded({"search": 3}), "`search` must be"),
        (b'{"x": ' + b"9" * 5000 + b"}", "not JSON"),
        (encoded(changed("front", value={})), "`front` must be a list"),
        (encoded(changed("front", value=[3])), "front[0] must be a JSON object"),
        (encoded(changed("front", value=[0] * 20_001)), "at most 20,000"),
        (encoded(changed("front", 0, "params", value=-1)), "whole numbers"),
        (encoded(changed("front", 0, "params", value=True)), "finite numbers"),
        (encoded(changed("front", 0, "params", value="1")), "finite numbers"),
        (encoded(changed("front", 1, "figures", value={})), "`tresnet_m_02` lacks a figure"),
        (encoded(changed("front", 0, "figures", "params", "value", value=math.nan)), "not JSON"),
        (encoded(changed("front", 0, "figures", "params", "value", value=1e40)), "finite numbers"),
        (encoded(changed("front", 0, "macs", value=1)).replace(b'"macs": 1,', b'"macs": 1e999,'), "finite numbers"),
        (encoded(changed("dominated", 0, "figures", value={"params": 1})), "an item of `dominated` lacks"),
        (encoded(changed("objectives", value=[])), "`objectives` is empty"),
        (encoded(changed("objectives", value=[{"figure": "params", "direction": "up"}])), "minimise or maximise"),
        (encoded(changed("base", value=None)), "base must be a JSON object"),
        (encoded(changed("counts", value={"valid": 0.5})), "whole numbers"),
        (b" " * (MAX_BYTES + 1), "larger than 4 MiB"),
    ],
)  # fmt: skip
def test_what_is_no_search_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(SearchFileError) as refused:
        read(data)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_refusal_is_one_line_and_writes_nothing(small: Path) -> None:
    (small / "search.json").write_text("{")
    for name, says in (("search.json", "not JSON"), ("missing.json", "no such file"), (".", "is a directory")):
        done = tool("report", "small.yaml", "--search", name)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert says in done.err
        assert not (small / "report.html").exists()


@pytest.mark.parametrize(
    "text", [*(DESCRIPTIONS[key] for key in ("html", "attribute", "jinja")), "\0\ud800\x1b[31m\u202e"]
)
def test_texts_of_a_stranger_are_text(small: Path, text: str) -> None:
    document = json.loads(json.dumps(DOCUMENT).replace("tresnet_m", "NAME").replace(MEMORY, "FIGURE"))
    document = json.loads(json.dumps(document).replace("NAME", "N").replace('"N"', json.dumps(text)))
    search = document["search"]
    for one in (search["base"], *search["front"]):
        one["name"] = text
        one["edits"] = {text: text}
        one["figures"]["params"]["unit"] = text
        one["figures"][text] = one["figures"].pop("FIGURE")
    search["budgets"] = [text]
    search["counts"][text] = 3
    (small / "search.json").write_bytes(encoded(document))
    page = parsed(written(small / "report.html", "small.yaml", "--search", "search.json"))
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert len(page.one("section", id="search").all("tr")) == 5


def test_damaged_files_are_read_or_refused() -> None:
    chance = random.Random(7)
    data = encoded(DOCUMENT)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 3)] = bytes(chance.choice(b'"{}[]:,0-9enul\\x') for _ in range(2))
        try:
            blocks(read(bytes(damaged)))
        except SearchFileError:
            refused += 1
    assert 100 < refused <= 300
