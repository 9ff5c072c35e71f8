"""How long an exact search over 100,000 variants of TResNet-L takes, beside looking at whole networks one by one.

`python benchmarks/search.py [CANDIDATES]` prints the CPU time of the search with a memory budget and a throughput
objective, candidates a second, peak memory of the process, and the ratio to the functions that `estimate` uses, on a
sample of CANDIDATES (default 40) in the same run. It exits with 1 when the target is missed.
"""

import resource
import sys
import time

from tresnet_gen.explore.search.axes import base_of
from tresnet_gen.explore.search.axis_texts import space_of
from tresnet_gen.explore.search.branch import Control
from tresnet_gen.explore.search.budgets import question_of
from tresnet_gen.explore.search.figures import measure
from tresnet_gen.explore.search.run import sample_of, search
from tresnet_gen.frontend.resolve import find, read_file
from tresnet_gen.graph.build import build_graph

TARGET_S = 30.0
AXES = [
    "stages.2.depth=9..24",
    "stages.1.depth=4..8",
    "stages.*.width=x0.8~8,x0.9~8,x1,x1.1~8,x1.2~8",
    "stages.3.se=null,{ratio: 8, min_channels: 64}",
]
BUDGETS = ["macs<12G", "memory<6GiB@64,amp,sgd"]
OBJECTIVES = [("throughput@rtx3090", True), ("params", True)]


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    space = space_of(base_of(read_file(find("tresnet_l")), ()), AXES)
    question = question_of(BUDGETS, OBJECTIVES)
    seconds = {}
    for prune in (True, False):
        start = time.process_time()
        state = search(space, question, Control(), prune=prune)
        seconds[prune] = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    numbers = sample_of(space.size, count, seed=0) or []
    start = time.process_time()
    for number in numbers:
        measure(build_graph(space.spec(space.digits(number))), question.figures)
    each_s = (time.process_time() - start) / len(numbers)
    met = seconds[False] < TARGET_S
    print(f"{space.size:,} candidates, {state.within:,} within the budgets, {len(state.members):,} on the front")
    print(f"search:                    {seconds[True]:6.2f} s of CPU, {space.size / seconds[True]:,.0f} candidates/s")
    print(f"search without its bounds: {seconds[False]:6.2f} s of CPU, {space.size / seconds[False]:,.0f} candidates/s")
    print(f"whole networks:            {each_s * 1e3:6.2f} ms of CPU each, mean of {len(numbers)}")
    print(f"ratio {each_s * space.size / seconds[False]:,.0f} x; peak memory {peak_mb:.0f} MB; ", end="")
    print(f"target {TARGET_S:g} s: {'met' if met else 'MISSED'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
