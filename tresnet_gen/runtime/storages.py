"""The storages that are alive on one device, followed from the op that makes each one to its end."""

import sys
import weakref
from collections.abc import Iterator
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# Frames of torch itself that may stand between an op and what called it.
_DISPATCH = ("torch/_compile.py", "torch/_dynamo/eval_frame.py", "torch/utils/_python_dispatch.py")


class Event(NamedTuple):
    """The live bytes behind an op, its inputs still held; `kernel` is the name in aten: convolution, relu_."""

    phase: str
    kernel: str
    live_bytes: int


class LiveStorages:
    """Bytes of the storages of one device that are alive; views and aliases count once."""

    def __init__(self, device: str, rounding: int = 1) -> None:
        self.live_bytes = 0
        self._device = device
        self._rounding = rounding
        self._alive: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def empty(self) -> "LiveStorages":
        """Return one for the same device that follows nothing yet."""
        return LiveStorages(self._device, self._rounding)

    def add(self, tensor: Tensor) -> bool:
        """Follow the storage of a tensor from now on; return whether it is a new one that takes memory."""
        if tensor.device.type != self._device:
            return False  # the step counters of Adam stay on the CPU
        storage = tensor.untyped_storage()
        key = storage._cdata
        nbytes = -(-storage.nbytes() // self._rounding) * self._rounding
        if key in self._alive or not nbytes:
            return False
        self.live_bytes += nbytes
        self._alive[key] = weakref.ref(storage, lambda _: self._forget(key, nbytes))
        return True

    def _forget(self, key: int, nbytes: int) -> None:
        del self._alive[key]
        self.live_bytes -= nbytes


class Tracker(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records what lives behind each op.

    Where two gradients meet, autograd's engine adds the second into the first in place, but not while a dispatch mode
    is active: it takes every tensor for a subclass then. `joins_in_place` does here what the engine does without.

    Attributes:
        phase: What the ops that follow belong to; set by the caller.
        timeline: One event for each op that made a storage.
        peaks: The event of the most live bytes of each phase, the first of equals.
    """

    def __init__(self, storages: LiveStorages, joins_in_place: bool = True) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.phase = ""
        self.timeline: list[Event] = []
        self.peaks: dict[str, Event] = {}
        self._storages = storages
        self._joins_in_place = joins_in_place

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._joins_in_place and self.phase == "backward" and _is_join(func, args):
            output = _join(*args)
        else:
            output = func(*args, **(kwargs or {}))
        made = [self._storages.add(leaf) for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
        event = Event(self.phase, kernel_name(func), self._storages.live_bytes)
        if any(made):
            self.timeline.append(event)
        if event.live_bytes > self.peaks.get(self.phase, event._replace(live_bytes=-1)).live_bytes:
            self.peaks[self.phase] = event
        return output


def kernel_name(func: Any) -> str:
    """Return the name of an op without its namespace and overload."""
    return str(func._schema.name.partition("::")[2])


def _is_join(func: Any, args: tuple[Any, ...]) -> bool:
    """Return whether an op is the engine's own sum of two gradients.

    Sums that a Python function computes in backward, or that a checkpoint computes again, are none.
    """
    if func is not torch.ops.aten.add.Tensor or not all(isinstance(arg, Tensor) for arg in args[:2]):
        return False
    first, second = args[:2]
    return first.shape == second.shape and first.dtype == second.dtype and _called_by_engine()


def _called_by_engine() -> bool:
    """Return whether the op being dispatched comes from the engine: from its Python entry, or a thread of its own."""
    caller = next((f for f in _frames() if not f.f_code.co_filename.endswith((__file__, *_DISPATCH))), None)
    return caller is None or caller.f_code.co_name == "_engine_run_backward"


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back


def _join(first: Tensor, second: Tensor) -> Tensor:
    """Return the sum of two gradients the way the engine makes it: in the first of them that is dense."""
    if _is_dense(first):
        return first.add_(second)
    return second.add_(first) if _is_dense(second) else first + second


def _is_dense(tensor: Tensor) -> bool:
    """Return whether a tensor has each element at a place of its own, and no gaps, in any order of its axes."""
    elements = 1
    for stride, extent in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if extent != 1:
            if stride != elements:
                return False
            elements *= extent
    return True
