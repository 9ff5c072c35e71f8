"""The published figures of the TResNet paper are as near to the predictions as the pages say."""

import statistics
from pathlib import Path

import pytest

from tools import paper_speeds
from tools.paper import systems

ROOT = Path(__file__).parents[2]
MOST = {"infer": 0.13, "train": 0.17}


@pytest.mark.parametrize("speed", MOST)
def test_speeds(speed: str) -> None:
    merits = paper_speeds.merits(speed)
    assert merits["this model"].error <= MOST[speed]
    assert merits["this model"].spearman >= 0.98
    assert merits["a MACs + b activations"].error > merits["this model"].error
    assert merits["MACs alone"].error > merits["a MACs + b activations"].error


@pytest.mark.parametrize("speed", MOST)
def test_errors_and_ranks_from_their_definitions(speed: str) -> None:
    rows = paper_speeds.measured(speed)
    published = [getattr(system, speed) for system in rows]
    predicted = [paper_speeds.predicted(system.spec, speed) for system in rows]
    errors = [abs(own / rate - 1) for own, rate in zip(predicted, published, strict=True)]
    places = [
        [statistics.mean(i for i, other in enumerate(sorted(rates)) if other == rate) for rate in rates]
        for rates in (published, predicted)
    ]
    merit = paper_speeds.merits(speed)["this model"]
    assert merit.error == pytest.approx(statistics.mean(errors))
    assert merit.spearman == pytest.approx(statistics.correlation(*places))


def test_every_network_of_the_tables_once() -> None:
    names = [system.spec for system in systems()]
    assert len(names) == len(set(names)) == 13
    assert [len(paper_speeds.measured(speed)) for speed in MOST] == [13, 9]


def test_the_page_on_throughput_tells_these_errors() -> None:
    page = " ".join((ROOT / "docs" / "throughput.md").read_text().split())
    infer, train = (paper_speeds.merits(speed) for speed in MOST)
    own, other = infer["this model"], train["this model"]
    assert f"inference errs by {100 * own.error:.1f} % in the mean (Spearman {own.spearman:.3f})" in page
    assert f"training by {100 * other.error:.1f} % ({other.spearman:.3f})" in page
    sums = [merits["a MACs + b activations"] for merits in (infer, train)]
    told = " and ".join(f"{100 * one.error:.1f} % ({one.spearman:.3f})" for one in sums)
    assert f"err by {told}; MACs alone rank inference with {infer['MACs alone'].spearman:.3f}" in page
