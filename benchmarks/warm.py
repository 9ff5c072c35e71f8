"""How long a spec takes once everything is imported: load_spec, build_graph and count of tresnet_l.

`python benchmarks/warm.py [RUNS]` prints the median wall-clock time of RUNS runs (default 101) and the functions that
take the most of it by cProfile. It exits with 1 when the target is missed.
"""

import cProfile
import pstats
import statistics
import sys
import time

from tresnet_gen import build_graph, count, load_spec

TARGET_S = 0.010
SHOWN = 12


def spec_to_counts() -> None:
    """Do what `tresnet-gen estimate tresnet_l` does between its imports and its output."""
    count(build_graph(load_spec("tresnet_l")))


def main() -> None:
    """Measure, profile and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 101
    spec_to_counts()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        spec_to_counts()
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    met = median < TARGET_S
    print(f"load_spec, build_graph, count of tresnet_l: median {median * 1e3:.1f} ms of {runs} runs")
    print(f"{min(times) * 1e3:.1f} to {max(times) * 1e3:.1f} ms; target {TARGET_S * 1e3:g} ms: ", end="")
    print("met" if met else "MISSED")
    profile()
    sys.exit(0 if met else 1)


def profile() -> None:
    """Print the functions with the most time of their own over 20 runs; the profiler slows everything severalfold."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(20):
        spec_to_counts()
    profiler.disable()
    stats = pstats.Stats(profiler)
    total = stats.total_tt  # type: ignore[attr-defined]
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:SHOWN]  # type: ignore[attr-defined]
    print("\n  own  calls a run  function")
    for (file, line, name), (_, calls, own, _, _) in rows:
        place = f"{'/'.join(file.split('/')[-2:])}:{line} " if line else ""
        print(f"{own / total:5.1%}  {calls / 20:11,.0f}  {place}{name}")


if __name__ == "__main__":
    main()
