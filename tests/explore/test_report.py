"""The report: its numbers are those of `estimate`, its HTML is sound, and nothing in a spec becomes markup."""

import base64
import contextlib
import hashlib
import math
import re
from pathlib import Path

import pytest

from tests.cli.running import SMALL, tool
from tests.explore.reports import OPTIONS, Element, parsed, rows, written
from tests.hostile.corpus import DESCRIPTIONS, described
from tresnet_gen import SpecError, build_graph, load_spec, parse_spec
from tresnet_gen.analysis.devices import gpu
from tresnet_gen.analysis.step import Step
from tresnet_gen.analysis.throughput import predict
from tresnet_gen.explore.estimates import Question, estimate
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.explore.report.roofline import share_without_products, spots
from tresnet_gen.explore.report.tables import layers


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("report") / "report.html", "tresnet_m", "tresnet_l", *OPTIONS)


@pytest.fixture(scope="module")
def page(text: str) -> Element:
    return parsed(text)


@pytest.fixture(scope="module")
def models() -> list[dict[str, object]]:
    return tool("estimate", "tresnet_m", "tresnet_l", *OPTIONS, "--hints", "--format", "json").document["models"]


def number(shown: str) -> float:
    return float(shown.replace(",", "").rstrip("%"))


def test_sections_are_in_a_readers_order_and_the_page_is_small(page: Element, text: str) -> None:
    sections = [section.attributes["id"] for section in page.all("section")]
    assert sections == [
        *("overview", "drawing", "comparison", "stages", "shares", "memory", "throughput", "layers", "hints"),
        *("method", "again"),
    ]
    linked = [link.attributes["href"][1:] for link in page.one("nav").all("a")]
    assert linked == sections
    assert len(text.encode()) < 1_500_000


def test_key_figures_are_those_of_estimate(page: Element, models) -> None:
    overview = page.one("section", id="overview")
    for tiles, model in zip(overview.all("dl"), models, strict=True):
        exact = {tile.one("dt").text: tile.one("span").text for tile in tiles.all("div")}
        memory, [speed] = model["memory"], model["throughput"]
        assert exact["parameters"] == f"{model['params']:,}"
        assert exact["MACs"] == f"{model['macs']:,}"
        assert exact["peak memory"] == f"{memory['peak_bytes']:,} bytes"
        [fit] = memory["max_batches"]
        assert exact["largest batch, rtx3090"] == f"{fit['low']:,} to {fit['high']:,}"
        assert exact["images/s, rtx3090"] == f"{speed['low']:.0f} to {speed['high']:.0f}"
        value = {tile.one("dt").text: tile.one("strong").text for tile in tiles.all("div")}
        assert value["largest batch, rtx3090"] == str(memory["max_batch"])
        assert value["images/s, rtx3090"] == f"{speed['images_per_s']:.0f}"
        trust = {tile.one("dt").text: tile.one("small").text for tile in tiles.all("div")}
        assert f"mean error {speed['error_pct']:.1f} %" in trust["images/s, rtx3090"]


def test_stages_are_those_of_estimate(page: Element, models) -> None:
    section = page.one("section", id="stages")
    for index, model in enumerate(models):
        *shown, loss, total = rows(section, index)
        assert [row["stage"] for row in shown] == [stage["name"] for stage in model["stages"]]
        saved = {stage["name"]: stage["saved_bytes"] for stage in model["memory"]["saved_by_stage"]}
        [speed] = model["throughput"]
        seconds = {stage["name"]: stage["seconds"] for stage in speed["stages"]}
        for row, stage in zip(shown, model["stages"], strict=True):
            assert row["output"] == " x ".join(map(str, stage["output"]))
            for word, key in (("params", "params"), ("MACs", "macs"), ("activations", "activations")):
                assert number(row[word]) == stage[key]
            assert number(row["saved bytes"]) == saved[stage["name"]]
            share = seconds[stage["name"]] * speed["images_per_s"]
            assert math.isclose(number(row["time rtx3090"]), 100 * share, abs_tol=0.06)
        assert number(total["params"]) == model["params"]
        assert number(total["FLOPs"]) == model["flops"]
        assert number(total["saved bytes"]) == model["memory"]["saved_bytes"]
        assert sum(number(row["saved bytes"]) for row in (*shown, loss)) == model["memory"]["saved_bytes"]


def test_layers_are_those_of_estimate(page: Element, models) -> None:
    section = page.one("section", id="layers")
    for index, model in enumerate(models):
        shown = rows(section, index)
        assert len(shown) == len(model["layers"])
        saved = {layer["name"]: layer["saved_bytes"] for layer in model["memory"]["saved_by_layer"]}
        parts = model["throughput"][0]["layers"]
        for row, layer, part in zip(shown, model["layers"], parts, strict=True):
            assert (row["layer"], row["op"]) == (layer["name"], layer["op"])
            for word, key in (("params", "params"), ("MACs", "macs"), ("activations", "activations")):
                assert number(row[word]) == layer[key]
            assert number(row["saved bytes"]) == saved.get(layer["name"], 0)
            assert math.isclose(number(row["time µs, rtx3090"]), part["seconds"] * 1e6, rel_tol=1e-3, abs_tol=0.0006)
            assert row["bound by"] == (part["bound"] or "")


def test_the_comparison_marks_the_best_and_says_by_how_much(page: Element, models) -> None:
    section = page.one("section", id="comparison")
    first, second = rows(section, 0)
    assert (first["model"], second["model"]) == ("tresnet_m", "tresnet_l")
    for row, model in ((first, models[0]), (second, models[1])):
        assert number(row["peak bytes"]) == model["memory"]["peak_bytes"]
        assert number(row["largest batch rtx3090"]) == model["memory"]["max_batch"]
        assert number(row["images/s rtx3090"]) == round(model["throughput"][0]["images_per_s"])
    [upper, lower] = section.one("tbody").all("tr")
    assert len(upper.all("b")) == 7
    assert not lower.all("b")
    changes = [cell.all("small")[0].text for cell in lower.all("td")]
    assert changes[0] == f"{models[1]['params'] / models[0]['params'] - 1:+.1%}"
    assert changes[5].startswith("-39.1%, 399-427")


def test_memory_and_hints_are_those_of_estimate(page: Element, models) -> None:
    memory, hints = page.one("section", id="memory"), page.one("section", id="hints")
    for index, model in enumerate(models):
        shown = {row[""]: row["bytes"] for row in rows_of_memory(memory, index)}
        for name, key in (("parameters", "params"), ("optimizer", "optimizer"), ("peak", "peak")):
            assert number(shown[name]) == model["memory"][f"{key}_bytes"]
        assert re.search(r"erred by \d+\.\d % in the mean", hints.all("p", class_="note")[index].text)
        found = rows(hints, index)
        assert [row["hint"] for row in found] == [hint["code"] for hint in model["hints"]]
        for row, hint in zip(found, model["hints"], strict=True):
            assert row["try --set"] == " ".join(hint["edits"])
            assert math.isclose(number(row["images/s, rtx3090"]), 100 * hint["throughput"][0]["change"], abs_tol=0.06)


def rows_of_memory(section: Element, index: int) -> list[dict[str, str]]:
    table = section.all("table")[index]
    return [{"": row.all("th")[0].text, "bytes": row.all("td")[0].text} for row in table.one("tbody").all("tr")]


def test_the_timeline_has_its_peak_at_the_predicted_one(page: Element, models) -> None:
    charts = [svg for svg in page.one("section", id="memory").all("svg") if svg.all("circle", class_="peak")]
    assert len(charts) == 2 * len(models)  # for a page, and for a phone
    scales = set()
    for chart, model in zip(charts[::2], models, strict=True):
        gibibytes = {label.text: float(label.attributes["y"]) - 4 for label in chart.all("text")
                     if label.text in ("0", "1", "2", "3", "4", "5")}  # fmt: skip
        per_byte = (gibibytes["1"] - gibibytes["2"]) / (1 << 30)
        scales.add(round(per_byte * (1 << 30), 2))
        height = gibibytes["0"] - float(chart.one("circle", class_="peak").attributes["cy"])
        assert math.isclose(height / per_byte, model["memory"]["peak_bytes"], rel_tol=0.002)
        [figure] = [f for f in page.one("section", id="memory").all("figure") if chart in f.all("svg")]
        assert f"{model['memory']['peak_bytes']:,} bytes, {model['memory']['peak_at']}" in figure.one("figcaption").text
    assert len(scales) == 1  # the charts can be compared by eye


def test_the_ridge_of_the_roofline_is_that_of_the_data_sheet(page: Element) -> None:
    figure = page.one("section", id="throughput").all("figure")[1]
    chart = figure.all("svg")[0]
    [roof] = [path.attributes["d"] for path in chart.all("path") if path.attributes.get("stroke-dasharray") == "6 4"]
    (x1, y1), (x2, y2), (_, y3) = (tuple(map(float, place.split())) for place in roof[1:].split("L"))
    across = {text.text: float(text.attributes["x"]) for text in chart.all("text")}
    up = {text.text: float(text.attributes["y"]) - 4 for text in chart.all("text")}
    decade = across["100"] - across["10"]
    assert math.isclose(10 ** (2 + (x2 - across["100"]) / decade), 71e12 / 936e9, rel_tol=0.005)
    assert y2 == y3
    rise = up["1 TFLOP/s"] - up["10 TFLOP/s"]
    assert math.isclose(10 ** ((up["1 TFLOP/s"] - y2) / rise), 71, rel_tol=0.005)
    assert math.isclose((y1 - y2) / rise, (x2 - x1) / decade, rel_tol=0.005)  # bandwidth: speed grows as intensity does
    assert "ridge is at 76 FLOP/byte" in figure.one("figcaption").text


def percent(note: str) -> float:
    return float(note[note.rindex("(") + 1 : -2])


def test_shares_of_the_stages_are_those_of_estimate(page: Element, models) -> None:
    for figure, model in zip(page.one("section", id="shares").all("figure"), models, strict=True):
        notes = [title.text for title in figure.all("svg")[0].all("title")]
        for stage in model["stages"]:
            [note] = [note for note in notes if note.startswith(f"MACs, {stage['name']}:")]
            assert math.isclose(
                number(re.search(r"\((.*)%\)", note)[1]), 100 * stage["macs"] / model["macs"], abs_tol=0.06
            )
        for row in ("parameters", "MACs", "activations", "saved memory", "time, rtx3090"):
            shares = [percent(note) for note in notes if note.startswith(f"{row}, ")]
            assert math.isclose(sum(shares), 100, abs_tol=0.3)


@pytest.mark.parametrize(("name", "mode"), [("resnet50", "infer nchw"), ("mobilenetv2_100", "train nchw")])
def test_rooflines_hold_all_flops_and_all_time(name: str, mode: str) -> None:
    graph = build_graph(load_spec(name))
    speed = predict(graph, gpu("rtx3090"), mode)
    found = spots(graph, speed)
    flops = sum(spot.flop_per_s * spot.seconds for spot in found)
    macs = {node.name: node.macs for node in graph.nodes}
    convolutions = sum(macs.values())
    if mode.startswith("infer"):
        assert math.isclose(flops, 2 * convolutions, rel_tol=1e-9)
    else:  # forward, weights, and the input's gradient everywhere but in the first layer
        first = next(node for node in graph.nodes if node.macs)
        assert math.isclose(flops, 2 * (3 * convolutions - first.macs), rel_tol=1e-9)
    shared = sum(spot.seconds for spot in found) / speed.total.seconds
    assert math.isclose(shared + share_without_products(graph, speed), 1, abs_tol=1e-9)
    assert sum(len(spot.names) for spot in found) == sum(node.macs > 0 for node in graph.nodes)


def test_intensity_of_a_layer_by_hand() -> None:
    graph = build_graph(load_spec("resnet50"))
    speed = predict(graph, gpu("rtx3090"), "infer nchw")
    [spot] = [spot for spot in spots(graph, speed) if "body.layer1.1.conv2.conv" in spot.names]
    # 3x3, 64 to 64 channels at 56 x 56: FLOPs over bytes of both maps and a share of the weights, in 16 bit.
    flops, moved = 2 * 9 * 64 * 64 * 56 * 56, 2 * (2 * 64 * 56 * 56) + 2 * 9 * 64 * 64 / 1024
    assert math.isclose(spot.flop_per_byte, flops / moved, rel_tol=1e-9)
    part = {part.name: part for part in speed.layers}[spot.names[0]]
    assert math.isclose(spot.flop_per_s, flops / part.seconds, rel_tol=1e-9)
    assert spot.bound == part.bound


def test_the_policy_lets_in_what_the_page_has_and_nothing_else(page: Element, text: str) -> None:
    [policy] = [meta.attributes["content"] for meta in page.all("meta")
                if meta.attributes.get("http-equiv") == "Content-Security-Policy"]  # fmt: skip
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        digests = {hashlib.sha256(one.text.encode()).digest() for one in page.all(tag)}
        assert set(rules[directive].split()) == {f"'sha256-{base64.b64encode(one).decode()}'" for one in digests}
    assert "unsafe" not in policy
    assert not re.search(r"\b(src|srcset|data|action|poster)=|url\(|@import", text)
    assert all(link.attributes["href"].startswith("#") for link in page.all("a"))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_the_script_is_short(page: Element) -> None:
    assert len(page.one("script").text.splitlines()) < 200


def test_errors_and_conventions_are_stated(page: Element, models) -> None:
    told = page.one("section", id="method").text
    for words in ("trainable", "2 x MACs", "outputs of those layers", "no bias, one image", "nine in ten"):
        assert words in told
    for model in models:
        assert f"wrong by {model['throughput'][0]['error_pct']:.1f} % in the mean" in told


def test_the_command_makes_the_same_report_again(page: Element, text: str, tmp_path: Path) -> None:
    again = page.one("section", id="again").one("code").text
    assert again == f"tresnet-gen report tresnet_m tresnet_l {' '.join(OPTIONS)}"
    assert written(tmp_path / "elsewhere.html", *again.split()[2:]) == text


def hostile_report(folder: Path) -> tuple[dict[str, str], Path]:
    """Return the hostile descriptions that are legal, and a report of specs that have them."""
    legal = {}
    for key, description in DESCRIPTIONS.items():
        with contextlib.suppress(SpecError):
            legal[key] = parse_spec(described(description)).description
            (folder / f"{key}.yaml").write_text(described(description), "utf-8")
    written(folder / "report.html", *(str(folder / f"{key}.yaml") for key in legal))
    return legal, folder / "report.html"


def test_hostile_descriptions_are_text(tmp_path: Path) -> None:
    legal, path = hostile_report(tmp_path)
    assert len(legal) > 25
    page = parsed(path.read_text("utf-8"))
    assert [one.text for one in page.all("p", class_="description")] == list(legal.values())
    assert len(page.all("script")) == 1
    assert not page.all("img")


def test_a_hostile_file_name_is_text(tmp_path: Path) -> None:
    name = "\"onload=alert(1)><script>alert(2)<\\script> & '.yaml"
    (tmp_path / name).write_text(SMALL)
    page = parsed(written(tmp_path / "report.html", str(tmp_path / name)))
    assert len(page.all("script")) == 1
    assert name in page.one("section", id="again").one("code").text.replace("'\"'\"'", "'")


def test_a_report_of_one_small_spec_without_a_gpu(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    page = parsed(written(tmp_path / "report.html", str(tmp_path / "small.yaml")))
    sections = [section.attributes["id"] for section in page.all("section")]
    assert sections == ["overview", "drawing", "stages", "shares", "memory", "layers", "method", "again"]
    assert page.one("h1").text == "small"
    assert "inference, batch 1, fp32" in page.one("section", id="memory").text


def test_a_table_of_very_many_layers_is_cut() -> None:
    spec = parse_spec(SMALL.replace("depth: 2, width: 64", "depth: 512, width: 8").replace("depth: 2,", "depth: 200,"))
    question = Question(Step(), 1, 1, "nchw", ())
    one = estimate(Loaded("deep", build_graph(spec)), question)
    table = layers(one, question)
    assert len(table.rows) == 5_000 < len(one.counts.layers)
    assert table.note.startswith(f"{len(one.counts.layers) - 5_000:,} more layers")
