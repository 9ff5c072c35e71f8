"""What a step of a real module takes in memory, on any device: also on `cuda` where there is no GPU.

`measured` runs the emitted module of a graph under the tracker of `tresnet_gen.runtime`. For the device `cuda` it asks
a second process, which loads a stand-in for CUDA ahead of torch and answers one line of JSON for each it is sent. Run
as a program, this file is that process.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.fakecuda.library import NoCompilerError, library
from tresnet_gen.analysis.step import Step
from tresnet_gen.emission.render import emit
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.emitted import network_factory
from tresnet_gen.runtime.storages import Event
from tresnet_gen.runtime.tracker import Measured, Saved, measure_step

ROOT = Path(__file__).parents[1]
LIMIT_S = 300.0


def measured(graph: Graph, step: Step, batch: int, rounding: int = 1) -> Measured:
    """Return what the emitted module of a graph takes in a step, by the kernels of `step.device`."""
    return measured_text(emit(graph), graph.nodes[0].shape, step, batch, rounding)


def measured_text(text: str, image: tuple[int, ...], step: Step, batch: int, rounding: int = 1) -> Measured:
    """Return what the module of an emitted text takes in a step; `image` is the shape of one."""
    if step.device != "cuda" or torch.cuda.is_available():
        return measure_step(network_factory(text), image, batch, step, rounding=rounding)
    answer = _worker().ask(text=text, image=image, step=step._asdict(), batch=batch, rounding=rounding)
    return _from_json(answer)


class _Worker:
    """The process with the stand-in."""

    def __init__(self) -> None:
        env = {**os.environ, "LD_PRELOAD": str(library())}
        command = [sys.executable, "-m", "tests.oracle_memory"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        atexit.register(self._process.kill)

    def ask(self, **request: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        watchdog = threading.Timer(LIMIT_S, self._process.kill)
        watchdog.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise RuntimeError(f"the process with the stand-in for CUDA ended, code {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"the process with the stand-in for CUDA failed:\n{answer['error']}")
        return answer


@cache
def _worker() -> _Worker:
    try:
        return _Worker()
    except NoCompilerError as error:
        if os.environ.get("CI"):
            raise
        return pytest.skip(str(error))


def _from_json(answer: dict[str, Any]) -> Measured:
    events = {key: tuple(Event(*event) for event in answer.pop(key)) for key in ("peaks", "timeline")}
    return Measured(**{**answer, **events, "saved": Saved(*answer["saved"])})


def _answer(request: dict[str, Any]) -> Any:
    factory, image = network_factory(request["text"]), tuple(request["image"])
    step = Step(**request["step"])
    return measure_step(factory, image, request["batch"], step, rounding=request["rounding"])._asdict()


def _serve() -> None:
    import traceback

    # A build of torch without CUDA has no kernel for this on that device and would take it apart.
    kernels = torch.library.Library("aten", "IMPL", "CUDA")
    kernels.impl("silu_backward", lambda gradient, x: torch.empty_like(x))
    # Without a GPU torch switches the autocast off that a checkpointed block is recomputed under.
    torch.cuda.amp.common.amp_definitely_not_available = lambda: False
    torch.cuda.is_bf16_supported = lambda: True
    for line in sys.stdin:
        try:
            answer = _answer(json.loads(line))
        except Exception:
            answer = {"error": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
