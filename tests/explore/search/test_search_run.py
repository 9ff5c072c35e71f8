"""The front of a search is that of brute force: every candidate by itself, each compared with each."""

from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.running import SMALL
from tresnet_gen import SpecError, build_graph, count, load_spec
from tresnet_gen.analysis.devices import gpu
from tresnet_gen.analysis.memory import Step, replay
from tresnet_gen.analysis.throughput import predict
from tresnet_gen.explore.search import branch
from tresnet_gen.explore.search.axes import Space, base_of
from tresnet_gen.explore.search.axis_texts import space_of
from tresnet_gen.explore.search.branch import Control
from tresnet_gen.explore.search.budgets import Question, question_of
from tresnet_gen.explore.search.front import Front
from tresnet_gen.explore.search.run import State, sample_of, search
from tresnet_gen.frontend.resolve import read_file

MOBILE = """\
name: mobile
stem: {type: conv, kernel: 3, width: 16}
stages:
  - {block: depthwise_separable, depth: 1, width: 16}
  - {block: inverted_residual, depth: 2, width: 24, stride: 2, kernel: [3, 5]}
  - {block: shuffle_unit, depth: 2, width: 48, stride: 2}
  - {block: fused_inverted_residual, depth: 1, width: 48}
head: {dropout: 0.2, width: 96}
"""
ABN = """\
name: abn
act: {type: leaky_relu, slope: 1e-3}
stem: {type: deep, widths: [8, 8, 16], pool: max}
stages:
  - {block: bottleneck, depth: 2, width: 8, groups: 4, aa: true, stride: 2}
  - {block: basic, depth: 3, width: 16, stride: 2, aa: true, shortcut: conv, se: {ratio: 4}}
"""


class Case(NamedTuple):
    """A space, with the figures of its question worked out here, and whether they are within the budgets."""

    spec: str
    axes: list[tuple[str, list[str]]]  # those of the whole network first, then by stage
    budgets: list[str]
    objectives: list[tuple[str, bool]]
    figures: object
    within: object


def small_figures(graph):
    totals = count(graph).totals
    peak = replay(graph, Step(True, "amp-fp16", "sgd")).peak_bytes(64)
    return -predict(graph, gpu("rtx3090"), "train nchw").images_per_s, -totals.params, peak, totals.macs


def mobile_figures(graph):
    totals = count(graph).totals
    fit = replay(graph, Step(True, "fp32", "adam")).max_batch(
        gpu("t4").memory_bytes, reserve_bytes=gpu("t4").reserve_bytes
    )
    rate = predict(graph, gpu("t4"), "infer nhwc").images_per_s
    return 1000 / rate, -totals.activations, -fit.typical, 2 * totals.macs


def abn_figures(graph):
    peak = replay(graph, Step(True, "amp-bf16", "adamw")).peak_bytes(7)
    inference = replay(graph, Step(False, "fp32")).peak_bytes(3)
    rate = predict(graph, gpu("a100-40gb"), "infer compile").images_per_s
    return peak, -rate, -count(graph).totals.params, inference


CASES = {
    "residual": Case(
        SMALL,
        [("stages.0.width", ["48", "64", "72"]), ("stages.0.se", ["null", "{ratio: 4}"]),
         ("stages.1.depth", ["1", "2", "3", "4", "5", "7"]), ("stages.1.width", ["96", "128"]),
         ("stages.1.aa", ["false", "true"])],
        ["memory<=1.1GB@64,amp,sgd", "throughput>2400@rtx3090,train", "macs<800M"],
        [("throughput", True), ("params", True)],
        small_figures,
        lambda f: f[2] <= 1_100_000_000 and -f[0] > 2400 and f[3] < 800_000_000,
    ),
    "mobile": Case(
        MOBILE,
        [("input.size", ["96", "64"]), ("act.type", ["relu", "hard_swish"]),
         ("stages.1.expand_groups", ["1", "4", "3"]),
         ("stages.2.depth", ["1", "5"]), ("stages.2.width", ["48", "47", "64"]), ("stages.3.expansion", ["1", "3.5"])],
        ["batch>=1900@t4,adam", "flops<34M"],
        [("latency@t4,nhwc", False), ("activations", True), ("batch@t4,fp32,adam", True)],
        mobile_figures,
        lambda f: -f[2] >= 1900 and f[3] < 34_000_000,
    ),
    "in place": Case(
        ABN,
        [("norm.type", ["batch_norm", "inplace_abn"]), ("checkpoint", ["null", "block"]), ("input.size", ["8", "64"]),
         ("stages.0.depth", ["1", "4"]), ("stages.0.act", ["{type: silu}", "{type: leaky_relu, slope: 0.1}"]),
         ("stages.1.depth", ["2", "3", "6"])],
        ["memory>800KB@3,infer"],
        [("memory@7,amp-bf16,adamw", False), ("throughput@a100-40gb,compile", True), ("params", True)],
        abn_figures,
        lambda f: f[3] > 800_000,
    ),
}  # fmt: skip


def asked(case: Case, folder: Path) -> tuple[Space, Question]:
    path = folder / "base.yaml"
    path.write_text(case.spec)
    base = base_of(read_file(path), ())
    axes = [f"{key}={','.join(values)}" for key, values in case.axes]
    return space_of(base, axes), question_of(case.budgets, case.objectives)


def brute_force(case: Case, folder: Path) -> tuple[int, int, list[tuple[tuple[float, ...], int, int]]]:
    """Return how many candidates are legal and within the budgets, and the front: costs, number, twins."""
    aims, legal, found = len(case.objectives), 0, []
    for number, values in enumerate(product(*(values for _, values in case.axes))):
        edits = [f"{key}={value}" for (key, _), value in zip(case.axes, values, strict=True)]
        try:
            graph = build_graph(load_spec(folder / "base.yaml", edits))
        except SpecError:
            continue
        legal += 1
        figures = case.figures(graph)
        if case.within(figures):
            found.append((figures[:aims], number))
    front = []
    for costs, number in found:
        beaten = any(all(map(float.__le__, map(float, o), map(float, costs))) and o != costs for o, _ in found)
        if not beaten and number == min(n for o, n in found if o == costs):
            front.append((costs, number, sum(o == costs for o, _ in found) - 1))
    return legal, len(found), sorted(front)


@pytest.mark.parametrize("name", CASES)
def test_the_front_is_that_of_brute_force_and_bounds_change_nothing(name, tmp_path):
    case = CASES[name]
    space, question = asked(case, tmp_path)
    legal, within, front = brute_force(case, tmp_path)
    assert 1 < len(front) < within < legal, "the case tells nothing"
    states = [search(space, question, Control(), prune=prune) for prune in (True, False)]
    for state in states:
        assert (state.valid, state.within, state.complete) == (legal, within, True)
        assert [tuple(member) for member in state.members] == front
    assert states[0]._replace(evaluated=0) == states[1]._replace(evaluated=0)
    assert states[1].evaluated == legal
    assert states[0].evaluated < legal or name == "in place"  # whose budget has no bounds


def test_a_stopped_search_goes_on_to_the_same_end(tmp_path):
    space, question = asked(CASES["mobile"], tmp_path)
    whole = search(space, question, Control())
    state, stops = State(), 0
    while not state.complete:
        control = Control()
        tick, left = control.tick, [37]

        def count_down(number, control=control, tick=tick, left=left):
            left[0] -= 1
            control.stop = left[0] < 0
            tick(number)

        control.tick = count_down  # type: ignore[method-assign]
        before, state = state, search(space, question, control, state)
        stops += not state.complete
        assert state.position >= before.position
        assert stops < 400
        if state.position == before.position:  # a survey is longer than that: let it finish
            state = search(space, question, Control(), state)
    assert stops > 3
    assert state == whole


@pytest.mark.parametrize("sample", [None, range(0, 144, 2)], ids=["all", "sample"])
def test_a_search_goes_on_from_what_was_kept_on_the_way(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(branch, "WATCHED", 5)
    space, question = asked(CASES["mobile"], tmp_path)
    kept: list[State] = []
    whole = search(space, question, Control(), sample=sample, keep=lambda standing: kept.append(standing()))
    assert len({state.position for state in kept}) > 5
    assert any(state.position % 36 for state in kept), "none stands within one of the four branches"
    stopped = Control()
    stopped.stop = True
    for state in kept:
        assert not state.complete
        assert search(space, question, Control(), state, sample) == whole
        at_once = search(space, question, stopped, state, sample)
        assert search(space, question, Control(), at_once, sample) == whole


def test_a_sample_is_part_of_all(tmp_path):
    space, question = asked(CASES["residual"], tmp_path)
    numbers = sample_of(space.size, 60, seed=3)
    assert numbers == sample_of(space.size, 60, seed=3) != sample_of(space.size, 60, seed=4)
    assert len(set(numbers)) == 60
    assert numbers == sorted(numbers)
    sampled = search(space, question, Control(), sample=numbers)
    everyone = search(space, question._replace(budgets=()), Control(), sample=range(space.size))
    assert (everyone.valid, everyone.members) == (
        space.size, search(space, question._replace(budgets=()), Control()).members)  # fmt: skip
    assert 0 < sampled.within < sampled.valid == 60
    assert {member.number for member in sampled.members} <= set(numbers)


def test_samples_of_astronomic_products_are_drawn_at_once():
    assert sample_of(5, 5, seed=0) is None
    assert sample_of(5, 4, seed=0) is not None
    numbers = sample_of(10**24, 1000, seed=0)
    assert numbers is not None
    assert len(set(numbers)) == 1000
    assert 10**23 < numbers[500] < 9 * 10**23


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[st.integers(0, 5)] * n), max_size=40)))
@settings(max_examples=200)
def test_a_front_holds_what_nothing_beats(points):
    front = Front()
    for number, costs in enumerate(points):
        front.add(number, costs)
    best = {c for c in points if not any(o != c and all(a <= b for a, b in zip(o, c, strict=True)) for o in points)}
    assert [tuple(member) for member in front] == sorted((c, points.index(c), points.count(c) - 1) for c in best)
