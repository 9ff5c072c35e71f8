"""`verify` finds nothing wrong with what is emitted, and the one thing that is wrong with a mutant."""

import pytest
import torch
from hypothesis import assume, given, settings

from tests.bundled import KINDS, slow
from tests.drawn import TALLY, spec_texts
from tests.oracle import build_graph_of
from tests.runtime.networks import NETWORKS, graph_of
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.claims import Claim
from tresnet_gen.runtime.verify import iter_claims, verify


def broken(claims: tuple[Claim, ...]) -> dict[str, str]:
    """Return the names of claims that do not hold, with what differs."""
    return {claim.name: claim.difference for claim in claims if not claim.holds}


@pytest.mark.parametrize("name", [*KINDS[-3:], *slow(*KINDS[:-3])])  # .ci/run runs the command on all bundled specs
def test_every_claim_of_a_bundled_spec_holds(name: str) -> None:
    claims = verify(build_graph(load_spec(name)))
    assert broken(claims) == {}
    assert len(claims) == len({claim.name for claim in claims}) >= 26
    assert all(claim.predicted == claim.measured for claim in claims)


@pytest.mark.parametrize("batch", [2, *slow(7)])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_claim_of_a_small_network_holds(name: str, batch: int) -> None:
    assert broken(verify(graph_of(name), batch)) == {}


@pytest.mark.slow
@settings(max_examples=20)
@given(spec_texts())
def test_every_claim_of_a_drawn_spec_holds(text: str) -> None:
    graph = build_graph_of(text)
    assume(not is_folded_to_a_column(graph))
    TALLY["verified"] += 1
    assert broken(verify(graph, batch=3)) == {}


def is_folded_to_a_column(graph: Graph) -> bool:
    """Whether the stem folds one channel to a width of 1: fake convolutions take such strides for channels_last."""
    return graph.nodes[1].op.kind == "space_to_depth" and (graph.nodes[0].shape[0], graph.nodes[1].shape[2]) == (1, 1)


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    verify(graph_of("tresnet"), 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert torch.zeros(()).device.type == "cpu"


# Mutants: an edit of the emitted text, the claim that it breaks, and what that claim says.

FINAL_RELU = "F.relu(out + skip, inplace=True)"
SE = "return x * scale.sigmoid()"
NORM = "nn.BatchNorm2d(out_channels)"
BLOCK_ACT = "nn.LeakyReLU(1e-3, inplace=True)"
FIRST = "body.layer1.0"
MUTANTS = {
    "slope": ("LeakyReLU(1e-3,", "LeakyReLU(1e-2,"),
    "activation": (BLOCK_ACT, "nn.ReLU(inplace=True)"),
    "activation not in place": (BLOCK_ACT, "nn.LeakyReLU(1e-3)"),
    "sum not in place": (FINAL_RELU, "F.relu(out + skip)"),
    "sum the other way round": (FINAL_RELU, "F.relu(skip + out, inplace=True)"),
    "sum without its shortcut": (FINAL_RELU, "F.relu(out + out, inplace=True)"),
    "sum with another tensor": ("out = self.conv2(self.conv1(x))", "skip = out = self.conv2(self.conv1(x))"),
    "stride of the blur": ("x, self.kernel, stride=2,", "x, self.kernel, stride=1,"),
    "padding of the blur": ('x = F.pad(x, (1, 1, 1, 1), mode="reflect")', "x = F.pad(x, (1, 1, 1, 1))"),
    "filter of the blur": ("torch.tensor([1.0, 2.0, 1.0]) / 4", "torch.tensor([1.0, 1.0, 1.0]) / 3"),
    "blur before the activation": (
        "self.blur(self.conv1(x))",
        "self.conv1.act(self.blur(self.conv1.bn(self.conv1.conv(x))))",
    ),
    "SE before conv2": ("self.conv2(out)\n        out = self.se(out)", "self.se(out)\n        out = self.conv2(out)"),
    "no SE": (SE, "return x"),
    "SE reads the gate's mean": (SE, "return mean * scale.sigmoid() + 0 * x"),
    "SE of a detached gate": (SE, "return x * scale.sigmoid().detach()"),
    "extra op": (SE, "return x * scale.sigmoid() * 1"),
    "extra op in training": (SE, "return x * scale.sigmoid() * 1 if self.training else x * scale.sigmoid()"),
    "op behind the last": ("return logits", "return logits * 2"),
    "another result": ("return logits", "return x + 0 if self.training else x"),
    "order of patches": ("x.permute(0, 3, 5, 1, 2, 4)", "x.permute(0, 5, 3, 1, 2, 4)"),
    "rounding of the pool": ("ceil_mode=True", "ceil_mode=False"),
    "eps": (NORM, "nn.BatchNorm2d(out_channels, eps=1e-3)"),
    "momentum": (NORM, "nn.BatchNorm2d(out_channels, momentum=0.2)"),
    "statistics not tracked": (NORM, "nn.BatchNorm2d(out_channels, track_running_stats=False)"),
    "bias": ("bias=False", "bias=True"),
    "width": (", width=16", ", width=24"),
    "depth": ("layer1=stage(BasicBlock, 8, 8, depth=2", "layer1=stage(BasicBlock, 8, 8, depth=3"),
    "kernel in the state dict": ("persistent=False", "persistent=True"),
    "tensor kept alive": ("out = self.se(out)", "out = self.kept = self.se(out)"),
    "blur keeps its input": ("ctx.save_for_backward(kernel)", "ctx.save_for_backward(kernel, x)"),
    "gradient of the blur": ("kernel.to(grad.dtype)", "kernel.to(grad.dtype).neg()"),
    "frozen weight": ("self.bn = nn", "self.conv.requires_grad_(False)\n        self.bn = nn"),
    "infinite gradient": (SE, "return x * scale.sigmoid() + (x - x).sqrt()"),
    "noise": ("return logits", "return logits + torch.rand_like(logits)"),
    "name that does not exist": (SE, "return x * scales"),
    "shape that does not fit": (SE, "return x[:, 1:] * scale.sigmoid()"),
    "text that is no Python": (SE, "return x *"),
}
BREAKS = {
    "slope": ("ops in eval mode", f"{FIRST}.conv1.act: leaky_relu_ has negative_slope 0.01, predicted 0.001"),
    "activation": ("ops in training", f"{FIRST}.conv1.act: relu_ runs, predicted leaky_relu_"),
    "activation not in place": ("training: saved activation bytes", ", predicted "),
    "sum not in place": ("ops in eval mode", f"{FIRST}.relu: relu runs, predicted relu_"),
    "sum the other way round": (
        "ops in eval mode",
        f"{FIRST}.add: add has self the output of body.conv1.act, predicted the output of {FIRST}.se.mul",
    ),
    "sum without its shortcut": (
        "ops in training",
        f"{FIRST}.add: add has other the output of {FIRST}.se.mul, predicted the output of body.conv1.act",
    ),
    "sum with another tensor": (
        "ops in eval mode",
        "body.layer3.0.add: add has other the output of body.layer3.0.conv2.act, predicted ",
    ),
    "stride of the blur": ("ops in eval mode", "body.layer2.0.blur: convolution has stride (1, 1), predicted (2, 2)"),
    "padding of the blur": (
        "ops in training",
        "body.layer2.0.blur: constant_pad_nd runs, predicted reflection_pad2d",
    ),
    "filter of the blur": ("real step: binomial filters", "body.layer2.0.blur.kernel is another filter"),
    "blur before the activation": (
        "ops in eval mode",
        "body.layer2.0.conv1.act: reflection_pad2d runs, predicted leaky_relu_",
    ),
    "SE before conv2": ("ops in eval mode", f"{FIRST}.conv2.conv: mean runs, predicted convolution"),
    "no SE": ("ops in eval mode", f"{FIRST}.se.gate: add runs, predicted sigmoid"),
    "SE reads the gate's mean": (
        "ops in eval mode",
        f"{FIRST}.se.mul: mul has self the output of {FIRST}.se.mean, predicted the output of {FIRST}.conv2.bn",
    ),
    "SE of a detached gate": ("real step: finite gradients", f"{FIRST}.se.fc1.weight receives no gradient"),
    "extra op": ("ops in eval mode", f"{FIRST}.add: mul runs, predicted add"),
    "extra op in training": ("ops in training", f"{FIRST}.add: mul runs, predicted add"),
    "op behind the last": ("ops in eval mode", "mul runs behind the last op"),
    "another result": (
        "ops in eval mode",
        "the network returns the output of head.mean, predicted the output of head.fc",
    ),
    "gradient of the blur": ("real step: gradient by images", ", the difference quotient is "),
    "order of patches": (
        "ops in eval mode",
        "body.s2d: permute has dims (0, 5, 3, 1, 2, 4), predicted (0, 3, 5, 1, 2, 4)",
    ),
    "rounding of the pool": ("ops in eval mode", "body.layer2.0.downsample.0: avg_pool2d has ceil_mode False"),
    "eps": ("ops in eval mode", "body.conv1.bn: native_batch_norm has eps 0.001, predicted 1e-05"),
    "momentum": ("ops in training", "body.conv1.bn: native_batch_norm has momentum 0.2, predicted 0.1"),
    "statistics not tracked": ("state-dict entries", "body.conv1.bn.running_mean is predicted"),
    "bias": ("state-dict entries", "body.conv1.conv.bias stands where body.conv1.bn.weight is predicted"),
    "width": ("state-dict entries", "body.layer4.0.conv1.conv.weight is 24 x 32 x 1 x 1, predicted 16 x 32 x 1 x 1"),
    "depth": ("state-dict entries", "body.layer1.2.conv1.conv.weight stands where body.layer2"),
    "kernel in the state dict": ("state-dict entries", "body.layer2.0.blur.kernel stands where"),
    "tensor kept alive": ("inference: ops that allocate", "bytes live behind"),
    "blur keeps its input": ("training: layers that save", "body.layer2.0.blur: "),
    "frozen weight": ("real step: finite gradients", "body.conv1.conv.weight receives no gradient"),
    "infinite gradient": ("real step: finite gradients", "receives a gradient that is not finite"),
    "noise": ("real step: logits in eval mode", "logits change from run to run"),
    "name that does not exist": (
        "ops in training",
        "body.layer1.0.se.gate: NameError: name 'scales' is not defined",
    ),
    "shape that does not fit": ("ops in eval mode", f"{FIRST}.se.gate: slice runs, predicted sigmoid"),
    "text that is no Python": ("module", "SyntaxError: invalid syntax"),
}


@pytest.mark.parametrize("what", MUTANTS)
def test_a_mutant_is_caught(what: str) -> None:
    check_mutant("tresnet", *MUTANTS[what], *BREAKS[what])


@pytest.mark.parametrize(
    ("old", "new", "claim", "difference"),
    [
        ("1 / ctx.slope", "ctx.slope", "real step: gradient by norms and biases", ", the difference quotient is "),
        (
            "out=(x, mean",
            "out=(x.clone(), mean",
            "ops in training",
            "body.conv1.bn: clone runs, predicted native_",
        ),
        ("F.leaky_relu_(x, slope)", "F.leaky_relu_(x)", "ops in training", "leaky_relu_ has negative_slope 0.01"),
    ],
)
def test_a_mutant_of_in_place_abn_is_caught(old: str, new: str, claim: str, difference: str) -> None:
    check_mutant("in-place", old, new, claim, difference)


def test_a_checkpoint_that_counts_batches_twice_is_caught() -> None:
    old, new = "norm.momentum, norm.num_batches_tracked = 0.0, None", "pass"
    claim = "real step: buffers that backward keeps"
    check_mutant("checkpointed", old, new, claim, "body.layer1.0.conv1.bn.running_mean changes")


def check_mutant(name: str, old: str, new: str, claim: str, difference: str) -> None:
    graph = graph_of(name)
    source = emit(graph)
    assert old in source
    found = next(c for c in iter_claims(graph, 2, source.replace(old, new)) if c.name == claim)
    assert not found.holds
    assert difference in found.difference


def test_what_only_the_memory_shows() -> None:
    """A tensor that the module keeps changes no op: the live bytes alone tell."""
    graph = graph_of("tresnet")
    old, new = MUTANTS["tensor kept alive"]
    found = broken(verify(graph, 2, emit(graph).replace(old, new)))
    assert {name.partition(":")[0] for name in found} == {"training", "inference"}


def test_a_module_that_trains_by_one_value_per_channel() -> None:
    """Torch refuses what the graph allows; the refusal is the difference."""
    graph = build_graph_of(NETWORKS["tresnet"].replace("size: 32", "size: 12"))
    found = broken(verify(graph, 1))
    refusal = "ValueError: Expected more than 1 value per channel when training"
    assert found["ops in training"].startswith(f"body.layer3.0.downsample.1.bn: {refusal}")
    assert found["training"].startswith(refusal)
    assert "ops in eval mode" not in found
    assert not any(name.startswith("real step") for name in found)
