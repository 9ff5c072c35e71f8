"""How long a prediction of training memory takes, beside measuring the same step in torch on meta tensors.

`python benchmarks/memory.py [RUNS]` prints the median wall-clock time of RUNS predictions (default 31) of a training
step of tresnet_l, that of 3 measurements with torch imported and the module built, and their ratio. It exits with 1
when the target is missed.
"""

import statistics
import sys
import time
from collections.abc import Callable

from tresnet_gen import build_graph, emit, load_spec
from tresnet_gen.analysis.memory import Step, replay

TARGET_S = 0.050
STEP = Step(True, "fp32", "sgd-momentum", "meta")


def predict() -> int:
    """Read the spec, build its graph and predict the peak."""
    return replay(build_graph(load_spec("tresnet_l")), STEP).at(8).peak_bytes


def seconds(function: Callable[[], object], runs: int) -> float:
    """Return the median time of a call; a first one does not count."""
    function()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 31
    predicted_s = seconds(predict, runs)
    assert "torch" not in sys.modules

    from tresnet_gen.runtime.emitted import network_factory
    from tresnet_gen.runtime.tracker import measure_step

    graph = build_graph(load_spec("tresnet_l"))
    factory = network_factory(emit(graph))
    measured_s = seconds(lambda: measure_step(factory, graph.nodes[0].shape, 8, STEP), 3)
    met = predicted_s < TARGET_S
    print(f"training memory of tresnet_l, spec to peak: median {predicted_s * 1e3:.1f} ms of {runs} runs")
    print(f"the same step in torch on meta tensors:     median {measured_s * 1e3:.0f} ms of 3 runs")
    print(f"ratio {measured_s / predicted_s:.0f} x; target {TARGET_S * 1e3:g} ms: {'met' if met else 'MISSED'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
