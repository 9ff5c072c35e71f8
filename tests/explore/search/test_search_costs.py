"""Figures put together from stages equal those of the whole network: to the unit, the byte, the last bit."""

from random import Random
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn import TALLY, spec_texts
from tresnet_gen.explore.search.costs import Costs, Placed, reader
from tresnet_gen.explore.search.figures import measure, parse
from tresnet_gen.explore.search.memory import CutError
from tresnet_gen.frontend.diagnostics import SpecError
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.frontend.spec import Spec, Stage
from tresnet_gen.graph.build import build_graph

COUNTS = ("params", "macs", "flops", "activations")
MEMORIES = ("memory@3,{},{}", "batch@900MiB,{},{}")
STEPS = [(p, o) for p in ("fp32", "amp-fp16", "amp-bf16") for o in ("sgd", "sgd-momentum", "adam", "none", "infer")]
RATES = ("throughput@rtx3090", "latency@v100-16gb,train", "throughput@rtx4090,compile", "throughput@a100-40gb,nhwc")


def varied(stage: Stage, random: Random) -> Stage:
    """Return a stage with another depth, and perhaps another width, stride or neither SE nor blur."""
    stage = stage._replace(depth=random.choice([1, 2, 3, 4, 5, 9]))
    if random.random() < 0.5:
        stage = stage._replace(width=random.choice([1, 2, 3]) * stage.width // random.choice([1, 2]) or 1)
    if random.random() < 0.3:
        stage = stage._replace(stride=random.choice([1, 2]))
    if getattr(stage, "se", None) and random.random() < 0.5:
        stage = stage._replace(se=None)
    if hasattr(stage, "aa") and random.random() < 0.3:
        stage = stage._replace(aa=not stage.aa)
    return stage


def compare(spec: Spec, words: list[str], random: Random, variants: int) -> int:
    """Hold the figures of variants of a spec, which share what they are put together from; return how many."""
    figures = [parse(word) for word in words]
    costs = Costs(spec, figures)
    readers = [reader(costs, figure) for figure in figures]
    compared = 0
    for _ in range(variants):
        stages = tuple(varied(stage, random) for stage in spec.stages)
        try:
            graph = build_graph(spec._replace(stages=stages))
        except SpecError:
            graph = None
        row = []
        for stage in stages:
            placed = costs.place(stage, row[-1].shape if row else costs.stem_shape)
            if placed is None:
                break
            row.append(placed)
        assert (len(row) == len(stages)) == (graph is not None)
        if graph:
            found = {figure.text: read(row) for figure, read in zip(figures, readers, strict=True)}
            assert found == {text: one.value for text, one in measure(graph, figures).items()}
            compared += 1
    return compared


@settings(max_examples=40)
@given(text=spec_texts(), seed=st.integers(0, 2**32))
def test_figures_of_drawn_networks(text: str, seed: int) -> None:
    random = Random(seed)
    words = [word.format(*random.choice(STEPS)) for word in MEMORIES]
    TALLY["networks whose figures were put together"] += compare(
        parse_spec(text), [*COUNTS, *words, random.choice(RATES)], random, variants=3
    )


@pytest.mark.parametrize("name", ["tresnet_m", "tresnet_l_abn", "mixnet_s", "shufflenet_v2_x1_0", "resnext50_32x4d"])
def test_figures_of_bundled_networks(name: str) -> None:
    words = [*COUNTS, "memory@64,amp,sgd", "memory@7,infer,amp-bf16", "batch@rtx3090,amp,adamw", *RATES]
    for edits in ([], ["checkpoint=block"]):
        assert compare(load_spec(name, edits), words, Random(name), variants=3)


def test_a_network_that_cannot_be_cut_is_looked_at_as_a_whole() -> None:
    spec = load_spec("resnet18")
    figures = [parse(word) for word in ("memory@64,amp,sgd", "batch@t4", "latency@t4", "throughput@t4,compile")]
    costs = Costs(spec, figures)
    row: list[Placed] = []
    for stage in spec.stages:
        placed = costs.place(stage, row[-1].shape if row else costs.stem_shape)
        assert placed
        row.append(placed)
    readers = [reader(costs, figure) for figure in figures]
    found = [read(row) for read in readers]
    costs.contexts = _cannot_be_cut  # type: ignore[method-assign]
    assert [read(row) for read in readers] == found
    assert costs.whole


def _cannot_be_cut(row: object) -> NoReturn:
    raise CutError("a step of another kind")


@pytest.mark.slow
@settings(max_examples=1_000)
@given(text=spec_texts(), seed=st.integers(0, 2**32))
def test_figures_of_many_drawn_networks(text: str, seed: int) -> None:
    test_figures_of_drawn_networks.hypothesis.inner_test(text, seed)
