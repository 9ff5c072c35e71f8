"""Converted weights compute what the network did that they are from, in float64 within 1e-9."""

import pytest
import torch

from tests.convert.checkpoints import (
    OFFICIAL,
    converted,
    filled,
    graph_of,
    module_of,
    official,
    official_logits,
    shapes_of,
)
from tests.emission.golden import TOLERANCE, deviation, eval_facts, logits_at
from tests.oracle import MODELS


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_tresnets_with_signed_norm_weights(name: str) -> None:
    spec, edits = OFFICIAL[name]
    hold_official_logits(name, spec, *edits)


def test_official_weights_in_a_module_with_in_place_norms() -> None:
    hold_official_logits("v1_tresnet_m", "tresnet_m", "norm.type=inplace_abn")


def hold_official_logits(name: str, spec: str, *edits: str) -> None:
    graph = graph_of(spec, *edits)
    network = module_of(graph).double()
    network.load_state_dict(converted(graph, official(name)), strict=True)
    logits, known = logits_at(network, "64x64"), official_logits()[name]
    assert (logits[:8] - torch.tensor(known["first8"], dtype=torch.float64)).abs().max() <= TOLERANCE
    assert abs(logits.sum().item() - known["sum"]) / len(logits) <= TOLERANCE


@pytest.mark.parametrize("name", MODELS)
def test_networks_of_timm_and_torchvision(name: str) -> None:
    graph = graph_of(name)
    network = module_of(graph).double()
    network.load_state_dict(converted(graph, filled(shapes_of(name))), strict=True)
    for size, fact in eval_facts(name).items():
        logits = logits_at(network, size)
        assert deviation(logits, fact) <= TOLERANCE
        assert logits.argmax().item() == fact["argmax"]
