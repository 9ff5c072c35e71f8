"""The emitted TResNets are timm's: state dict, logits in float64, a step of training."""

import math

import pytest
from torch import Tensor, nn

from tests.emission.golden import TOLERANCE, deviation, eval_facts, filled, filled_state, logits_at
from tests.oracle import RELATIVES, TRESNETS, build, facts, fill_values, image, is_buffer, source_of, state_facts
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph


@pytest.fixture(scope="module", params=TRESNETS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(name: str) -> nn.Module:
    return filled(source_of(name), name)


def test_state_dict_has_the_names_order_and_shapes_of_timm(name: str, network: nn.Module) -> None:
    known = state_facts(name)
    assert [(entry, tuple(t.shape)) for entry, t in network.state_dict().items()] == known
    parameters = [(entry, shape) for entry, shape in known if not is_buffer(entry)]
    assert [(entry, tuple(p.shape)) for entry, p in network.named_parameters()] == parameters


@pytest.mark.parametrize("size", ["64x64", "92x124", "224x224"])
def test_logits(name: str, network: nn.Module, size: str) -> None:
    fact = eval_facts(name)[size]
    seen: dict[str, Tensor] = {}
    hooks = [
        network.get_submodule(f"body.{stage}").register_forward_hook(
            lambda _, __, output, stage=stage: seen.update({stage: output})
        )
        for stage in fact["stages"]
    ]
    logits = logits_at(network, size)
    for hook in hooks:
        hook.remove()
    for stage, known in fact["stages"].items():
        output = seen[stage]
        assert list(output.shape) == known["shape"]
        assert output.flatten()[:4].tolist() == pytest.approx(known["first4"], abs=TOLERANCE, rel=0)
        assert output.mean().item() == pytest.approx(known["mean"], abs=TOLERANCE, rel=0)
        assert output.abs().mean().item() == pytest.approx(known["abs_mean"], abs=TOLERANCE, rel=0)
    assert deviation(logits, fact) <= TOLERANCE
    assert logits.argmax().item() == fact["argmax"]


def test_training_step(name: str, network: nn.Module) -> None:
    check_training_step(network, name)


@pytest.mark.parametrize("name", ["tresnet_m", "tresnet_l", "tresnet_xl"])
def test_training_step_in_place(name: str) -> None:
    source = emit(build_graph(load_spec(f"{name}_abn", ["checkpoint=block"] if name == "tresnet_l" else [])))
    check_training_step(filled(source, name), name)


def check_training_step(network: nn.Module, name: str) -> None:
    """Hold a step against the facts by relative differences: gradients span five orders of magnitude."""
    known = facts(name)["train"]
    logits = network.train()(image(2, 3, 64, 64))
    loss = logits.square().mean()
    loss.backward()
    norms = {entry: p.grad.norm().item() for entry, p in network.named_parameters() if p.grad is not None}
    running = {entry: network.get_buffer(entry)[:3].tolist() for entry in known["running"]}
    network.zero_grad(set_to_none=True)
    network.load_state_dict(filled_state(name))

    assert loss.item() == pytest.approx(known["loss"], rel=1e-9)
    assert logits[0, :8].tolist() == pytest.approx(known["first8"], rel=1e-9)
    assert logits.sum().item() == pytest.approx(known["sum"], rel=1e-9)
    assert norms.keys() == dict(network.named_parameters()).keys()
    assert {entry: norms[entry] for entry in known["gradient_norms"]} == pytest.approx(
        known["gradient_norms"], rel=1e-9
    )
    assert math.hypot(*norms.values()) == pytest.approx(known["gradient_norm"], rel=1e-9)
    for entry, values in known["running"].items():
        assert running[entry] == pytest.approx(values, rel=1e-9)


@pytest.mark.parametrize("name", RELATIVES)
def test_relatives_put_out_the_logits_of_timm(name: str) -> None:
    """Conv stems, max pool, strided shortcuts and groups, which no TResNet has, against timm's ResNets."""
    network = build(source_of(name)).double()
    rename = timm_resnet_50d_name if name == "resnet50d" else timm_resnet_name
    network.load_state_dict(fill_values(network, rename))
    for size, fact in eval_facts(name).items():
        logits = logits_at(network, size)
        assert deviation(logits, fact) <= TOLERANCE
        assert logits.argmax().item() == fact["argmax"]


def timm_resnet_name(entry: str) -> str:
    """body.layer1.0.conv1.bn.weight -> layer1.0.bn1.weight, body.layer1.0.downsample.0.bn -> layer1.0.downsample.1."""
    if entry.startswith("head."):
        return entry.removeprefix("head.")
    *path, part, kind, leaf = entry.removeprefix("body.").split(".")
    if path and path[-1] == "downsample":
        return ".".join([*path, "0" if kind == "conv" else "1", leaf])
    return ".".join([*path, part if kind == "conv" else part.replace("conv", "bn"), leaf])


def timm_resnet_50d_name(entry: str) -> str:
    """Three convolutions in `conv1`, the last one's norm outside; shortcuts count their pool also where it is none."""
    for number, (conv, norm) in enumerate((("conv1.0", "conv1.1"), ("conv1.3", "conv1.4"), ("conv1.6", "bn1")), 1):
        for kind, known in (("conv", conv), ("bn", norm)):
            if entry.startswith(f"body.conv{number}.{kind}."):
                return f"{known}.{entry.rpartition('.')[2]}"
    *path, kind, leaf = entry.removeprefix("body.").split(".")
    if "downsample" in path:
        return ".".join([*path[:-1], "1" if kind == "conv" else "2", leaf])
    return timm_resnet_name(entry)


def test_fill_is_the_published_recipe() -> None:
    assert image(1, 1, 1, 2).flatten().tolist() == pytest.approx(
        [2 * 0.3328099516220391 - 1, 2 * 0.9319725760724396 - 1], rel=1e-15
    )
