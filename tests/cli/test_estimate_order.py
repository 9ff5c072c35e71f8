"""`estimate --sort`: the order of a comparison, in every form of output."""

import csv
import io

import pytest

from tests.cli.running import tool

NAMES = ["tresnet_m", "efficientnet_b1", "resnet50", "shufflenet_v2_x1_0", "mobilenetv3_large_100"]
STEP = ["--train", "--gpu", "rtx3090", "--memory", "80GiB"]


def models(*words):
    return tool("estimate", *words, "--format", "json").document["models"]


def figure(model, key):
    """Return the figure that a word sorts by, from the JSON document."""
    memory = model["memory"]
    in_memory = {"saved": memory["saved_bytes"], "peak": memory["peak_bytes"], "batch": memory["max_batch"]}
    if key == "throughput":
        return model["throughput"][0]["images_per_s"]
    return in_memory[key] if key in in_memory else model[key]


@pytest.mark.parametrize("key", ["params", "macs", "activations", "saved", "peak", "batch", "throughput"])
def test_the_least_first_and_the_most_first(key):
    rows = models(*NAMES, *STEP, "--sort", key)
    figures = [figure(model, key) for model in rows]
    assert figures == sorted({*figures})
    assert [model["name"] for model in rows] != NAMES
    assert models(*NAMES, *STEP, "--sort", key, "--reverse") == rows[::-1]


def test_without_a_word_the_order_of_the_command_line():
    assert [model["name"] for model in models(*NAMES)] == NAMES


@pytest.mark.parametrize("options", [[], ["--reverse"]])
def test_equal_ones_stay_as_they_came(options):
    words = ["tresnet_m_abn", "tresnet_m", "resnet50"]
    names = [model["name"] for model in models(*words, "--sort", "params", *options)]
    assert [name for name in names if name != "resnet50"] == words[:2]


def test_tables_have_the_order_too():
    words = ["estimate", *NAMES, "--sort", "macs"]
    order = [model["name"] for model in models(*NAMES, "--sort", "macs")]
    assert [line.split()[0] for line in tool(*words).out.splitlines()[1:6]] == order
    rows = csv.DictReader(io.StringIO(tool(*words, "--format", "csv").out))
    assert [row["model"] for row in rows] == order
    stages = csv.DictReader(io.StringIO(tool(*words, "--by", "stage", "--format", "csv").out))
    assert list(dict.fromkeys(row["model"] for row in stages)) == order


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--reverse", "--reverse belongs to --sort: add --sort macs"),
        ("--sort saved", "--sort saved belongs to a training step: add --train"),
        ("--sort batch", "--sort batch needs a memory: add --gpu rtx3090 or --memory 24GiB"),
        ("--sort throughput --memory 24GiB", "--sort throughput needs a GPU: add --gpu rtx3090"),
        ("--sort top1", "'top1' is not one of 'params', 'macs', 'activations', 'saved', 'peak', 'batch', 'throughput'"),
    ],
)
def test_orders_that_cannot_be(options, says):
    result = tool("estimate", *NAMES, *options.split())
    assert (result.code, result.out) == (2, "")
    assert says in result.err
