"""The golden test can fail: TResNet-M with one thing wrong no longer puts out timm's logits.

Each mutant is an edit of the emitted text; together they name every choice that the state dict does not show.
"""

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from tests.emission.golden import TOLERANCE, deviation, eval_facts, filled, logits_at
from tests.oracle import facts, image, source_of, state_facts

MODEL = "tresnet_m"
AVG_POOL = "nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False)"
FINAL_RELU = "F.relu(out + skip, inplace=True)"
BLUR = """x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.conv2d(x, self.kernel, stride=2, groups=self.kernel.shape[0])"""
# In-place ABN adds its eps to a norm's weight.
SHIFTED = """type(
            "Shifted",
            (nn.BatchNorm2d,),
            {"forward": lambda s, x: F.batch_norm(x, s.running_mean, s.running_var, s.weight + 1e-5, s.bias)},
        )(out_channels)"""

# What is wrong: the edit, as old and new text.
MUTANTS = {
    "block slope 1e-2": ("LeakyReLU(1e-3,", "LeakyReLU(1e-2,"),
    "stem slope 1e-3": ("LeakyReLU(1e-2,", "LeakyReLU(1e-3,"),
    "all slopes 1e-6": ("LeakyReLU(1e-", "LeakyReLU(1e-6 or 1e-"),
    "all slopes 0": ("LeakyReLU(1e-", "LeakyReLU(0 * 1e-"),
    "block activation ReLU": ("nn.LeakyReLU(1e-3, inplace=True)", "nn.ReLU()"),
    "stem without activation": (", act=nn.LeakyReLU(1e-2, inplace=True))", ")"),
    "leaky ReLU behind the sum": (FINAL_RELU, "F.leaky_relu(out + skip, 1e-3)"),
    "nothing behind the sum": (FINAL_RELU, "out + skip"),
    "ReLU before the sum": (FINAL_RELU, "F.relu(out) + skip"),
    "ReLU on the shortcut": (
        "nn.Sequential(pool, ConvBN(in_channels, out_channels, 1))",
        "nn.Sequential(pool, ConvBN(in_channels, out_channels, 1, act=nn.ReLU()))",
    ),
    "shortcut subsampled": (AVG_POOL, "nn.AvgPool2d(1, stride=2)"),
    "shortcut max-pooled": (AVG_POOL, "nn.MaxPool2d(2, ceil_mode=True)"),
    "shortcut blurred": (AVG_POOL, "BlurPool(in_channels)"),
    "blur padded by zeros": ('mode="reflect"', 'mode="constant"'),
    "blur padded by the edge": ('mode="reflect"', 'mode="replicate"'),
    "blur padded circularly": ('mode="reflect"', 'mode="circular"'),
    "box instead of binomial": ("torch.tensor([1.0, 2.0, 1.0]) / 4", "torch.tensor([1.0, 1.0, 1.0]) / 3"),
    "strided convolution instead of blur": (BLUR, "return x[:, :, ::2, ::2]"),
    "blur before norm and activation": (
        "self.blur(self.conv1(x))",
        "self.conv1.act(self.conv1.bn(self.blur(self.conv1.conv(x))))",
    ),
    "blur before the activation": (
        "self.blur(self.conv1(x))",
        "self.conv1.act(self.blur(self.conv1.bn(self.conv1.conv(x))))",
    ),
    "SE before conv2": ("out = self.conv2(out)\n        out = self.se(out)", "out = self.conv2(self.se(out))"),
    "SE on the sum": (
        "out = self.se(out)\n        return F.relu(out + skip, inplace=True)",
        "return F.relu(self.se(out + skip))",
    ),
    "SE before the blur": ("out = self.blur(out)\n        out = self.se(out)", "out = self.blur(self.se(out))"),
    "no SE": ("return x * scale.sigmoid()", "return x"),
    "hard sigmoid in SE": ("scale.sigmoid()", "F.hardsigmoid(scale)"),
    "no ReLU in SE": ("F.relu(self.fc1(mean), inplace=True)", "self.fc1(mean)"),
    "leaky ReLU in SE": ("F.relu(self.fc1(mean), inplace=True)", "F.leaky_relu(self.fc1(mean), 1e-3)"),
    "max instead of mean in SE": ("x.mean((2, 3), keepdim=True)", "x.amax((2, 3), keepdim=True)"),
    "order of nn.PixelUnshuffle": ("x.permute(0, 3, 5, 1, 2, 4)", "x.permute(0, 1, 3, 5, 2, 4)"),
    "patches transposed": ("x.permute(0, 3, 5, 1, 2, 4)", "x.permute(0, 5, 3, 1, 2, 4)"),
    "eps 1e-3": ("nn.BatchNorm2d(out_channels)", "nn.BatchNorm2d(out_channels, eps=1e-3)"),
    "1e-5 added to each weight of a norm": ("nn.BatchNorm2d(out_channels)", SHIFTED),
    "max instead of mean in the head": ("self.body(x).mean((2, 3))", "self.body(x).amax((2, 3))"),
    "pool that rounds down": (AVG_POOL, "nn.AvgPool2d(2, count_include_pad=False)"),
}


def mutant(old: str, new: str) -> str:
    source = source_of(MODEL)
    assert old in source
    return source.replace(old, new)


def deviations(network: nn.Module) -> Iterator[float]:
    """Yield how far the logits are off at an even and at an odd size; infinitely where the network cannot run."""
    for size in ("64x64", "92x124"):
        try:
            yield deviation(logits_at(network, size), eval_facts(MODEL)[size])
        except RuntimeError:
            yield float("inf")


@pytest.mark.parametrize("what", MUTANTS)
def test_a_mutant_is_caught(what: str) -> None:
    assert max(deviations(filled(mutant(*MUTANTS[what]), MODEL))) > 1_000 * TOLERANCE


def test_rounding_of_the_pool_shows_at_odd_sizes_only() -> None:
    even, odd = deviations(filled(mutant(*MUTANTS["pool that rounds down"]), MODEL))
    assert even <= TOLERANCE
    assert odd == float("inf")


def test_counting_the_padding_changes_nothing() -> None:
    """The one edit that is no mutant: a window of the pool overhangs, but is never padded."""
    source = mutant(AVG_POOL, "nn.AvgPool2d(2, ceil_mode=True, count_include_pad=True)")
    same, original = filled(source, MODEL), filled(source_of(MODEL), MODEL)
    for size in ("64x64", "92x124"):
        assert torch.equal(logits_at(same, size), logits_at(original, size))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bias=False", "bias=True"),
        ("16 * in_channels, 64, 3,", "16 * in_channels, 64, 1,"),
        ("se_width=128", "se_width=64"),
        ("persistent=False", "persistent=True"),
        ("depth=11", "depth=10"),
    ],
)
def test_a_mutant_in_names_or_shapes_does_not_load(old: str, new: str) -> None:
    with pytest.raises(RuntimeError, match="Error"):
        filled(mutant(old, new), MODEL)


def test_a_mutant_in_the_order_of_modules_loads_but_has_another_order() -> None:
    line = "        self.downsample = shortcut(in_channels, out_channels, stride)\n"
    last = "        nn.init.zeros_(self."
    network = filled(mutant(line, "").replace(last, line + last), MODEL)
    assert list(network.state_dict()) != [name for name, _ in state_facts(MODEL)]
    assert set(network.state_dict()) == {name for name, _ in state_facts(MODEL)}


def test_a_mutant_in_the_momentum_shows_in_the_running_statistics() -> None:
    network = filled(mutant("nn.BatchNorm2d(out_channels)", "nn.BatchNorm2d(out_channels, momentum=0.2)"), MODEL)
    assert max(deviations(network)) <= TOLERANCE
    network.train()(image(2, 3, 64, 64))
    for entry, known in facts(MODEL)["train"]["running"].items():
        assert network.get_buffer(entry)[:3].tolist() != pytest.approx(known, rel=1e-3)
