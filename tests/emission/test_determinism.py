"""Same spec, same bytes: on any machine, however the spec is written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.drawn import sample, spec_texts
from tests.oracle import build_graph_of
from tresnet_gen.emission.render import emit
from tresnet_gen.emission.stamp import spec_sha256
from tresnet_gen.frontend.describe import resolved_values
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.resources import bundled_specs

ROOT = Path(__file__).resolve().parents[2]
EMIT_ALL = """
import json, sys
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.graph.build import build_graph
texts = json.loads(sys.stdin.buffer.read())
sys.stdout.write(json.dumps([emit(build_graph(parse_spec(text))) for text in texts]))
"""
NON_ASCII = "name: d\nextends: tresnet_m\ndescription: 'Ünïcode, 日本語, 😀'\n"
PLACES = {
    "hash seed 0": {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    "ASCII locale": {"PYTHONHASHSEED": "1", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Turkish, Kathmandu": {"PYTHONHASHSEED": "4294967295", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"},
}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    extending = [f"name: x\nextends: {name}\n" for name in bundled_specs()]
    return [NON_ASCII, *extending, *sample(spec_texts(), 20)]


@pytest.mark.parametrize("place", PLACES)
def test_the_text_depends_on_nothing_but_the_spec(place: str, texts: list[str], tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", EMIT_ALL],
        input=json.dumps(texts).encode(),
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **PLACES[place]},
        check=True,
    )
    assert json.loads(result.stdout) == [emit(build_graph_of(text)) for text in texts]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("num_classes: 1000", ""),
        ("act: {type: leaky_relu, slope: 1e-3}", "act:\n  slope: 0.001\n  type: leaky_relu"),
        ("input: {size: 64}", "input: {size: [64, 64], channels: 3}"),
        ("set: {stages.0.depth: 2}", "stages: [{depth: 2, width: 8, block: basic, se: null}]"),
        ("norm: {eps: 1e-5}", "norm: {type: batch_norm, momentum: 0.10}  # the default"),
        ("class_name: N", "class_name: 'N'"),
    ],
)
def test_ways_to_write_one_spec_give_one_file(one: str, other: str) -> None:
    base = "stem: {type: space_to_depth, width: 8}\nname: n\n"
    stages = "stages:\n  - block: basic\n    width: 8\n    depth: 1\n"
    first, second = (parse_spec(base + f"{way}\n" + ("" if "stages:" in way else stages)) for way in (one, other))
    if "depth: 2" in other:
        assert first.stages[0].depth == second.stages[0].depth == 2
    assert spec_sha256(first) == spec_sha256(second)


def test_another_value_is_another_sha() -> None:
    base = load_spec("tresnet_m")
    edits = ("stages.2.depth=12", "input.size=[224, 448]", "norm.eps=1e-3", "name=other", "description=other")
    for edit in (*edits, "norm.type=inplace_abn", "checkpoint=block"):
        assert spec_sha256(load_spec("tresnet_m", [edit])) != spec_sha256(base)


def test_resolved_values_written_out_give_the_same_spec_and_sha(texts: list[str]) -> None:
    for text in texts:
        spec = parse_spec(text)
        again = parse_spec(yaml.safe_dump(resolved_values(spec)))
        assert resolved_values(again) == resolved_values(spec)
        assert spec_sha256(again) == spec_sha256(spec)
