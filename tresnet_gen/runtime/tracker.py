"""A real module to the memory of one step, measured in torch.

The step is the second of a training loop: the first one has made the optimizer's state, gradients start as None.
Images, labels, logits and loss are held to the end; the loss is cross entropy; forward and loss run under autocast
where the precision says so; no gradient scaler, no weight decay. Inference is one forward in eval mode without
gradients. Sizes are bytes of storages, each counted once; what kernels ask for inside an op is not seen.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from tresnet_gen.analysis.step import Step
from tresnet_gen.runtime.storages import Event, LiveStorages, Tracker

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda parameters, **options: torch.optim.SGD(parameters, lr=0.1, **options),
    "sgd-momentum": lambda parameters, **options: torch.optim.SGD(parameters, lr=0.1, momentum=0.9, **options),
    "adam": lambda parameters, **options: torch.optim.Adam(parameters, lr=1e-3, **options),
    "adamw": lambda parameters, **options: torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.0, **options),
}
AUTOCAST = {"amp-fp16": torch.float16, "amp-bf16": torch.bfloat16}


class Saved(NamedTuple):
    """Bytes that autograd keeps between forward and backward, by what they belong to."""

    parameters_bytes: int = 0
    buffers_bytes: int = 0
    input_bytes: int = 0
    activation_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """All of them."""
        return sum(self)


class Measured(NamedTuple):
    """The memory of one step.

    `base_bytes` live when it starts, `held_bytes` between forward and backward (for inference: at the end). `timeline`
    has one event for each op that made a storage, `peaks` the highest point of each phase.
    """

    params_bytes: int
    buffers_bytes: int
    input_bytes: int
    gradients_bytes: int
    optimizer_bytes: int
    base_bytes: int
    held_bytes: int
    saved: Saved
    peaks: tuple[Event, ...]
    timeline: tuple[Event, ...]

    @property
    def peak(self) -> Event:
        """The highest point of the step, the first of equals."""
        return max(self.peaks, key=lambda event: event.live_bytes)


def measure_step(
    factory: Callable[[], nn.Module],
    image: tuple[int, ...],
    batch: int,
    step: Step,
    *,
    fake: bool = True,
    rounding: int = 1,
    joins_in_place: bool = True,
) -> Measured:
    """Run one step of the network that `factory` makes and return its memory.

    Args:
        factory: Makes the network on torch's default device, in training mode or not.
        image: Shape of one image.
        batch: Images a step.
        step: What runs. On the device `meta` there is no autocast.
        fake: Whether tensors on `cpu` and `cuda` only have shapes, so that nothing is allocated or computed.
        rounding: Each storage is rounded up to a multiple of this many bytes.
        joins_in_place: Whether gradients that meet are added in place, as they are when nobody watches.
    """
    with on_device(step.device, fake), torch.set_grad_enabled(step.train):
        run = Run(factory, image, batch, step)
        return run.measure(run.warm_up(), LiveStorages(step.device, rounding), joins_in_place)


@contextlib.contextmanager
def on_device(device: str, fake: bool = True) -> Iterator[None]:
    """Make tensors on a device, by default without memory behind them."""
    with FakeTensorMode() if fake and device != "meta" else contextlib.nullcontext(), torch.device(device):
        yield


class Run:
    """A network, its optimizer and a batch on torch's default device."""

    def __init__(self, factory: Callable[[], nn.Module], image: tuple[int, ...], batch: int, step: Step) -> None:
        self.step = step
        self.network = factory().train(step.train)
        self.images = torch.zeros(batch, *image)
        self.labels = torch.zeros(batch, dtype=torch.int64)
        self.optimizer: torch.optim.Optimizer | None = None
        if step.train and step.optimizer != "none":
            # What torch picks for parameters on a GPU; for those on the meta device it would be a loop.
            options = {} if step.device == "cpu" else {"foreach": True}
            self.optimizer = OPTIMIZERS[step.optimizer](list(self.network.parameters()), **options)

    def forward(self) -> tuple[Tensor, Tensor | None]:
        """Return logits and, in training, the loss."""
        with _autocast(self.step):
            logits = self.network(self.images)
            return logits, nn.functional.cross_entropy(logits, self.labels) if self.step.train else None

    def run(self, enter: Callable[[str], None]) -> object:
        """Run the step and return what is held to its end; `enter` is called with the name of each phase."""
        enter("forward")
        logits, loss = self.forward()
        if loss is not None:
            self._learn(loss, enter)
        return logits, loss

    def warm_up(self) -> Saved:
        """Run the first step, which makes the optimizer's state; return what autograd keeps behind its forward."""
        kept: dict[int, torch.UntypedStorage] = {}

        def pack(tensor: Tensor) -> Tensor:
            kept.setdefault(tensor.untyped_storage()._cdata, tensor.untyped_storage())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            _, loss = self.forward()
        if loss is not None:
            self._learn(loss, lambda phase: None)
        self.network.zero_grad(set_to_none=True)
        return self._saved(kept)

    def _learn(self, loss: Tensor, enter: Callable[[str], None]) -> None:
        enter("backward")
        loss.backward()  # type: ignore[no-untyped-call]
        if self.optimizer:
            enter("step")
            self.optimizer.step()

    def _saved(self, kept: dict[int, torch.UntypedStorage]) -> Saved:
        fields = _storages(self.network.parameters(), "parameters_bytes")
        fields |= _storages(self.network.buffers(), "buffers_bytes")
        fields |= _storages((self.images, self.labels), "input_bytes")
        totals = Saved()._asdict()
        for key, storage in kept.items():
            totals[fields.get(key, "activation_bytes")] += storage.nbytes()
        return Saved(**totals)

    def measure(self, saved: Saved, storages: LiveStorages, joins_in_place: bool) -> Measured:
        """Run the measured step."""
        base = [_follow(storages, tensors) for tensors in self._persistent()]
        tracker, starts = Tracker(storages, joins_in_place), {}

        def enter(phase: str) -> None:
            tracker.phase, starts[phase] = phase, storages.live_bytes

        with tracker:
            held = self.run(enter)
        gradients = (p.grad for p in self.network.parameters() if p.grad is not None)
        gradients_bytes = _follow(storages.empty(), gradients)
        held_bytes = starts.get("backward", storages.live_bytes)
        del held
        params, buffers, inputs, optimizer = base
        peaks, timeline = tuple(tracker.peaks.values()), tuple(tracker.timeline)
        return Measured(
            params, buffers, inputs, gradients_bytes, optimizer, sum(base), held_bytes, saved, peaks, timeline
        )

    def _persistent(self) -> tuple[Iterable[Tensor], ...]:
        """Return what lives through the step: parameters, buffers, input, the optimizer's state."""
        inputs = (self.images, self.labels) if self.step.train else (self.images,)
        state = self.optimizer.state if self.optimizer else {}
        entries = (value for entry in state.values() for value in entry.values() if isinstance(value, Tensor))
        return self.network.parameters(), self.network.buffers(), inputs, entries


def _follow(storages: LiveStorages, tensors: Iterable[Tensor]) -> int:
    """Add tensors and return the bytes of the new storages among them."""
    before = storages.live_bytes
    for tensor in tensors:
        storages.add(tensor)
    return storages.live_bytes - before


def _storages(tensors: Iterable[Tensor], field: str) -> dict[int, str]:
    return {tensor.untyped_storage()._cdata: field for tensor in tensors}


@contextlib.contextmanager
def _autocast(step: Step) -> Iterator[None]:
    """Run under autocast where the precision says so."""
    if step.precision == "fp32":
        yield
        return
    # torch.autocast("cuda") switches itself off where there is no GPU, so this sets the state that it would set.
    device, before = step.device, torch.get_autocast_dtype(step.device)
    torch.set_autocast_enabled(device, True)
    torch.set_autocast_dtype(device, AUTOCAST[step.precision])
    torch.autocast_increment_nesting()
    try:
        yield
    finally:
        if torch.autocast_decrement_nesting() == 0:
            torch.clear_autocast_cache()
        torch.set_autocast_enabled(device, False)
        torch.set_autocast_dtype(device, before)
