"""Budgets and objectives: what their texts mean, in full, and which texts mean nothing."""

from fractions import Fraction

import pytest

from tresnet_gen import build_graph, load_spec
from tresnet_gen.analysis.devices import gpu
from tresnet_gen.analysis.memory import Step
from tresnet_gen.explore.search.budgets import question_of
from tresnet_gen.explore.search.figures import FigureError, measure, parse


@pytest.mark.parametrize(
    ("written", "text", "limit"),
    [
        ("macs<6G", "macs<6G", 6 * 10**9),
        (" params <= 40.5M ", "params<=40.5M", 40_500_000),
        ("activations>100", "activations>100", 100),
        ("memory<16GiB@64,amp,sgd", "memory<16GiB@64,amp-fp16,sgd", 16 << 30),
        ("memory@64,sgd,amp<16gib", "memory<16gib@64,amp-fp16,sgd", 16 << 30),
        ("memory<900MB@infer", "memory<900MB@1,fp32,infer", 900_000_000),
        ("memory<1KB", "memory<1KB@1,fp32,sgd-momentum", 1000),
        ("batch>=256@rtx3090,amp", "batch>=256@rtx3090,amp-fp16,sgd-momentum", 256),
        ("batch>=256@16GiB,amp-bf16,none", "batch>=256@16GiB,amp-bf16,none", 256),
        ("throughput>2.5K@rtx4090", "throughput>2.5K@rtx4090,infer,nchw", 2500),
        ("throughput>1@rtx4090,nhwc,train", "throughput>1@rtx4090,train,nhwc", 1),
        ("latency<400us@rtx4090,compile", "latency<400us@rtx4090,infer,compile", Fraction(2, 5)),
    ],
)
def test_budgets(written, text, limit):
    [budget] = question_of([written], [("params", True)]).budgets
    assert (budget.text, budget.limit) == (text, limit)
    assert question_of([budget.text], [("params", True)]).budgets == (budget,)
    assert budget.holds(limit) == ("=" in budget.relation)


def test_a_multiple_of_what_the_base_has():
    question = question_of(["memory<=x1", "macs<x0.3"], [("params", True)])
    assert question.relative
    memory, macs = question.against({"memory@1,fp32,sgd-momentum": 12345, "macs": 10}).budgets
    assert (memory.holds(12345), memory.holds(12346)) == (True, False)
    assert (macs.limit, macs.holds(2), macs.holds(3)) == (3, True, False)
    rate = 399.1234567890123
    [exact] = question_of(["throughput>=x1@t4"], [("params", True)]).against({"throughput@t4,infer,nchw": rate}).budgets
    assert exact.holds(rate)


@pytest.mark.parametrize(
    ("budgets", "objectives", "texts"),
    [
        (["throughput>2500@rtx4090,train"], ["latency"], ["latency@rtx4090,train,nchw"]),
        (["batch>1@rtx3090"], ["throughput"], ["throughput@rtx3090,infer,nchw"]),
        (["memory<1GiB@8,amp,adam"], ["memory"], ["memory@8,amp-fp16,adam"]),
        ([], ["memory", "params"], ["memory@1,fp32,sgd-momentum", "params"]),
        ([], ["throughput@t4", "latency"], ["throughput@t4,infer,nchw", "latency@t4,infer,nchw"]),
    ],
)
def test_figures_take_over_what_stands_beside_them(budgets, objectives, texts):
    question = question_of(budgets, [(text, False) for text in objectives])
    assert [aim.figure.text for aim in question.objectives] == texts


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("macs=6G", "a budget looks like"),
        ("<6G", "no figure is named ``"),
        ("mac<6G", "did you mean `macs`"),
        ("macs<nan", "got `nan`"),
        ("macs<inf", "got `inf`"),
        ("macs<-1", "got `-1`"),
        ("macs<1e9", "got `1e9`"),
        ("macs<9999999999999999", "got `9999999999999999`"),
        ("macs<6GiB", "got `6GiB`"),
        ("macs<6G@64", "`macs` has no options"),
        ("macs<xx1", "got `xx1`"),
        ("memory<16@64", "such as 16GiB"),
        ("memory<16GiB@0", "a batch is 1 to 1,048,576; got 0"),
        ("memory<16GiB@99999999999", "a batch is 1 to"),
        ("memory<16GiB@64,65", "one batch; got `64` and `65`"),
        ("memory<16GiB@64,adan", "did you mean `adam`?"),
        ("memory<16GiB@64,rtx3090", "it takes a batch"),
        ("memory<16GiB@infer,sgd", "has no optimizer"),
        ("memory@1<1GiB@2", "one `@`"),
        ("batch>1", "one GPU or one size"),
        ("batch>1@t4,16GiB", "one GPU or one size"),
        ("throughput>1", "name a GPU"),
        ("throughput>1@train", "name a GPU"),
        ("throughput>1@t4,rtx3090", "takes one GPU"),
        ("throughput>1@t4,train,compile", "compiled training"),
        ("throughput>1@rtx4099", "did you mean `rtx4090`?"),
        ("latency<3@t4", "such as 2.5ms"),
        ("\x1b[31m<1", "\\x1b[31m"),
        ("__import__('os').system('x')<1", "no figure is named"),
    ],
)
def test_what_is_no_budget(budget, said):
    with pytest.raises(FigureError) as caught:
        question_of([budget], [("params", True)])
    message = str(caught.value)
    assert said in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("budgets", "objectives", "said"),
    [
        ([], [], "name what to optimise"),
        ([], ["params", "params"], "named twice"),
        (["throughput>1@t4"], ["latency", "latency@t4"], "named twice"),
        (["throughput>1@t4", "throughput>1@l4"], ["latency"], "which GPU? there are t4,infer,nchw and l4,infer,nchw"),
        (["memory<1GB@1", "memory<1GB@2"], ["memory"], "which memory?"),
    ],
)
def test_what_is_no_question(budgets, objectives, said):
    with pytest.raises(FigureError, match=said.replace("?", "\\?")):
        question_of(budgets, [(text, True) for text in objectives])


def test_a_figure_knows_what_it_measures():
    figure = parse("memory@64,amp,sgd")
    assert (figure.step, figure.batch, figure.unit) == (Step(True, "amp-fp16", "sgd"), 64, "bytes")
    words = ["throughput@t4,train", "latency@t4,train", "batch@t4,amp", "batch@16GB,amp"]
    found = measure(build_graph(load_spec("resnet18")), [parse(word) for word in words])
    rate, latency, batch, sized = found.values()
    assert rate.value * latency.value == pytest.approx(1000)
    assert rate.low < rate.value < rate.high
    assert latency.low * rate.high == pytest.approx(1000)
    assert rate.error_pct == latency.error_pct > 0
    assert batch.low <= batch.value <= batch.high
    assert sized.low < sized.value < sized.high
    assert gpu("t4").name == parse("batch@t4").gpu.name
