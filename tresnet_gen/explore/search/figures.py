"""Figures that a search bounds or optimises, named by a word and options: `memory@64,amp,sgd`, `throughput@rtx4090`.

    params, macs, flops, activations  exact, of one image
    memory@64,amp,sgd       bytes at the peak of a training step: batch, precision, optimizer; with `infer` of
                            inference. Default: batch 1, fp32, sgd-momentum
    batch@rtx3090,amp,sgd   the largest batch that fits on a GPU beside its reserve, or in a size: batch@16GiB
    throughput@rtx4090      predicted images a second; more words: train, nhwc, compile
    latency@rtx4090         milliseconds an image at that rate: 1,000 / throughput, the share of one image in a full
                            batch, not how long one image takes by itself

`amp` is short for amp-fp16. A memory, throughput or latency without options takes those of the one such figure
named beside it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tresnet_gen.analysis import devices
from tresnet_gen.analysis.counts import count
from tresnet_gen.analysis.devices import Gpu
from tresnet_gen.analysis.memory import RESERVE_BYTES, Replay, replay
from tresnet_gen.analysis.step import OPTIMIZERS, PRECISIONS, Step
from tresnet_gen.analysis.throughput import Throughput, mode_name, predict
from tresnet_gen.explore.search.amounts import bytes_of
from tresnet_gen.frontend.diagnostics import nearest, printable
from tresnet_gen.graph.graph import Graph

COUNTS = ("params", "macs", "flops", "activations")
WORDS = (*COUNTS, "memory", "batch", "throughput", "latency")
UNITS = {"memory": "bytes", "batch": "images", "throughput": "images/s", "latency": "ms"}
MAX_BATCH = 1 << 20
DEFAULT_STEP = Step(True, "fp32", "sgd-momentum")


class FigureError(ValueError):
    """A figure, budget or objective that is none; args[0] says why in one line."""


class Figure(NamedTuple):
    """What is measured of a candidate.

    `step` and `batch` belong to memory; `step`, `memory_bytes`, `reserve_bytes` and perhaps `gpu` to batch; `gpu` and
    `mode`, a name of the throughput model's, to throughput and latency. `options` are the words behind the `@`, in
    full.
    """

    word: str
    options: str = ""
    step: Step = DEFAULT_STEP
    batch: int = 0
    memory_bytes: int = 0
    reserve_bytes: int = RESERVE_BYTES["typical"]
    gpu: Gpu | None = None
    mode: str = ""

    @property
    def text(self) -> str:
        """The figure as a budget or objective names it, nothing left out."""
        return f"{self.word}@{self.options}" if self.options else self.word

    @property
    def unit(self) -> str:
        """What it is counted in; a mere number for counts."""
        return UNITS.get(self.word, "")

    @property
    def limit_bytes(self) -> int:
        """What a memory leaves for tensors."""
        return self.memory_bytes - self.reserve_bytes


class Measured(NamedTuple):
    """A figure of a candidate; `error_pct` is a prediction's mean error, from `low` to `high` lies what is likely.

    `edit_error_pct` is the mean error of the ratio of two predictions that one edit sets apart, where it is known.
    """

    value: int | float
    error_pct: float | None = None
    low: float | None = None
    high: float | None = None
    edit_error_pct: float | None = None


def measure(graph: Graph, figures: Sequence[Figure]) -> dict[str, Measured]:
    """Return figures of a graph by their texts, by the functions that `estimate` uses."""
    steps = {figure.step for figure in figures if figure.word in ("memory", "batch")}
    replays = {step: replay(graph, step) for step in steps}
    rates = {figure.options: figure for figure in figures if figure.mode}
    speeds = {name: predict(graph, rate.gpu, rate.mode) for name, rate in rates.items() if rate.gpu}
    totals = count(graph).totals
    found = {}
    for figure in figures:
        if figure.word in COUNTS:
            found[figure.text] = Measured(getattr(totals, figure.word))
        elif figure.mode:
            found[figure.text] = _rated(figure, speeds[figure.options])
        else:
            found[figure.text] = _stored(figure, replays[figure.step])
    return found


def _stored(figure: Figure, replayed: Replay) -> Measured:
    if figure.word == "memory":
        return Measured(replayed.peak_bytes(figure.batch))
    found = replayed.max_batch(figure.memory_bytes, reserve_bytes=figure.reserve_bytes)
    return Measured(found.typical, None, found.low, found.high)


def _rated(figure: Figure, found: Throughput) -> Measured:
    rate, error, band = found.images_per_s, found.error, (found.low, found.high)
    if figure.word == "latency":
        rate, band = latency_ms(rate), (latency_ms(found.high), latency_ms(found.low))
    return Measured(rate, error.pct, *band, error.edit_pct)


def latency_ms(images_per_s: float) -> float:
    """Return the milliseconds of an image at a rate."""
    return 1000.0 / images_per_s


def parse(text: str, gpus: Mapping[str, Gpu] | None = None) -> Figure:
    """Return the figure that a text names; `gpus` are known beside those of the tool.

    Raises:
        FigureError: for a text that names none.
    """
    word, at, options = text.strip().partition("@")
    word = word.strip()
    if word not in WORDS:
        guess = nearest(word, WORDS)
        hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(WORDS)}"
        raise FigureError(f"no figure is named `{printable(word)}`; {hint}")
    given = [option.strip() for option in options.split(",")] if at else []
    if word in COUNTS:
        if at:
            raise FigureError(f"`{word}` has no options")
        return Figure(word)
    read = _Options(word, given, gpus or {})
    return read.memory() if word == "memory" else read.batch() if word == "batch" else read.rate()


def completed(figures: Sequence[Figure]) -> list[Figure]:
    """Return figures with what those without options take over from the one such figure beside them.

    Raises:
        FigureError: for a throughput or latency without a GPU, or with several to choose from.
    """
    return [_completed(figure, figures) if not figure.options else figure for figure in figures]


def _completed(figure: Figure, figures: Sequence[Figure]) -> Figure:
    if figure.word == "memory":
        others = {other.options: other for other in figures if other.word == "memory" and other.options}
        if len(others) > 1:
            raise FigureError(f"which memory? there are {' and '.join(f'@{options}' for options in others)}")
        return next(iter(others.values())) if others else _memory(DEFAULT_STEP, 1)
    if figure.word not in ("throughput", "latency"):
        return figure
    rates = {other.options: other for other in figures if other.mode}
    cards = {other.gpu.name: other.gpu for other in figures if other.gpu}
    if len(rates) == 1:
        [rate] = rates.values()
        return rate._replace(word=figure.word)
    if len(cards) != 1:
        hint = "name a GPU" if not cards else f"which GPU? there are {' and '.join(rates or cards)}"
        raise FigureError(f"`{figure.word}`: {hint}, for example {figure.word}@{next(iter(cards), 'rtx4090')}")
    [gpu] = cards.values()
    return _rate(figure.word, gpu, train=False, layout="nchw", compiled=False)


class _Options:
    """Reads the words behind an `@`, each at most once."""

    def __init__(self, word: str, given: list[str], gpus: Mapping[str, Gpu]) -> None:
        self.word = word
        self.given = given
        self.gpus = gpus

    def take(self, what: str, fits: Callable[[str], bool]) -> str | None:
        """Return the one option that fits, taken off the list."""
        found = [option for option in self.given if fits(option)]
        if len(found) > 1:
            named = " and ".join(f"`{printable(option)}`" for option in found)
            raise FigureError(f"`{self.word}` takes one {what}; got {named}")
        self.given = [option for option in self.given if option not in found]
        return found[0] if found else None

    def done(self, legal: str) -> None:
        """Refuse what is left."""
        for option in self.given:
            words = [*PRECISIONS, "amp", *OPTIMIZERS, "train", "infer", "nchw", "nhwc", "compile", *self.names()]
            guess = nearest(option, words)
            hint = f"did you mean `{guess}`?" if guess and guess != option else f"it takes {legal}"
            raise FigureError(f"`{self.word}` has no option `{printable(option)}`; {hint}")

    def names(self) -> list[str]:
        return [*self.gpus, *devices.names()]

    def gpu(self) -> Gpu | None:
        name = self.take("GPU", lambda option: option in self.names())
        return (self.gpus.get(name) or devices.gpu(name)) if name else None

    def step(self) -> Step:
        precision = self.take("precision", lambda option: option in (*PRECISIONS, "amp"))
        optimizer = self.take("optimizer", lambda option: option in OPTIMIZERS)
        phase = self.take("of train and infer", lambda option: option in ("train", "infer"))
        if phase == "infer" and optimizer:
            raise FigureError(f"`{self.word}` of inference has no optimizer: leave out `{optimizer}`")
        precision = "amp-fp16" if precision == "amp" else precision or "fp32"
        return Step(phase != "infer", precision, optimizer or "sgd-momentum")

    def memory(self) -> Figure:
        batch = self.take("batch", lambda option: option.isascii() and option.isdecimal())
        if batch is not None and not (len(batch) <= 9 and 1 <= int(batch) <= MAX_BATCH):
            raise FigureError(f"a batch is 1 to {MAX_BATCH:,}; got {printable(batch)}")
        given = bool(self.given or batch)
        step = self.step()
        self.done("a batch, a precision, an optimizer, `infer`: memory@64,amp,sgd")
        return _memory(step, int(batch or 1)) if given else Figure("memory")

    def batch(self) -> Figure:
        gpu = self.gpu()
        size = self.take("size", lambda option: bytes_of(option) is not None)
        step = self.step()
        self.done("a GPU or a size, a precision, an optimizer, `infer`: batch@rtx3090,amp,sgd")
        if (gpu is None) == (size is None):
            raise FigureError("`batch` takes one GPU or one size: batch@rtx3090,amp,sgd or batch@16GiB")
        options = f"{gpu.name if gpu else size},{_step_text(step)}"
        if gpu is None or gpu.reserve_bytes is None:
            memory_bytes = gpu.memory_bytes if gpu else bytes_of(size or "") or 0
            return Figure("batch", options, step, memory_bytes=memory_bytes, gpu=gpu)
        return Figure("batch", options, step, 0, gpu.memory_bytes, gpu.reserve_bytes, gpu)

    def rate(self) -> Figure:
        gpu = self.gpu()
        phase = self.take("of train and infer", lambda option: option in ("train", "infer"))
        layout = self.take("layout", lambda option: option in ("nchw", "nhwc"))
        compiled = self.take("compile", lambda option: option == "compile")
        self.done(f"a GPU, `train`, `nhwc`, `compile`: {self.word}@rtx4090,train")
        if gpu is None:
            if phase or layout or compiled:
                raise FigureError(f"`{self.word}`: name a GPU, for example {self.word}@rtx4090")
            return Figure(self.word)
        if phase == "train" and compiled:
            raise FigureError("no published measurements of compiled training: leave out `compile` or `train`")
        return _rate(self.word, gpu, phase == "train", layout or "nchw", bool(compiled))


def _step_text(step: Step) -> str:
    return f"{step.precision},{step.optimizer if step.train else 'infer'}"


def _memory(step: Step, batch: int) -> Figure:
    return Figure("memory", f"{batch},{_step_text(step)}", step, batch)


def _rate(word: str, gpu: Gpu, train: bool, layout: str, compiled: bool) -> Figure:
    mode = mode_name(train, layout, compiled)
    return Figure(word, ",".join((gpu.name, *re.split(" ", mode))), gpu=gpu, mode=mode)
