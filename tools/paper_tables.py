"""Prints the throughput of the TResNet paper's tables 1, 3 and 4 beside what is predicted, as Markdown.

    python tools/paper_tables.py

Published: https://arxiv.org/abs/2003.13630 and its repository, V100 16 GB, images/s with automatic mixed precision.
The baselines are fitted to these very rows.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from fitting import Array, fitted, mean_error, spearman  # noqa: E402

from tresnet_gen import tables  # noqa: E402
from tresnet_gen.analysis import devices, throughput  # noqa: E402
from tresnet_gen.analysis.counts import count  # noqa: E402
from tresnet_gen.frontend.load import load_spec  # noqa: E402
from tresnet_gen.graph.build import build_graph  # noqa: E402

INFER = {
    **{"resnet50": 2830, "resnet50d": 2670, "resnext50_32x4d": 1940, "seresnext50_32x4d": 1770},
    **{"mixnet_l": 1400, "efficientnet_b1": 2740, "tresnet_m_abn": 2930, "tresnet_l_abn": 1390, "tresnet_xl_abn": 1060},
    **{"ablation_s2d": 2950, "ablation_blocks": 3320},
    **{"ablation_abn": 3470, "ablation_se": 3280},
}
TRAIN = {
    **{"resnet50": 805, "resnet50d": 600, "resnext50_32x4d": 490, "seresnext50_32x4d": 400},
    **{"mixnet_l": 400, "efficientnet_b1": 480, "tresnet_m_abn": 730, "tresnet_l_abn": 345, "tresnet_xl_abn": 250},
}


def main() -> int:
    """Print both tables."""
    for mode, published in (("infer nchw", INFER), ("train nchw", TRAIN)):
        print(f"\n{mode}\n")
        print("\n".join(_table(mode, published)))
    return 0


def _table(mode: str, published: dict[str, int]) -> list[str]:
    graphs = [build_graph(load_spec(name)) for name in published]
    measured = np.array([float(rate) for rate in published.values()])
    found = [throughput.predict(graph, devices.gpu("v100-16gb"), mode) for graph in graphs]
    predicted = np.array([one.images_per_s for one in found])
    rows = [("network", "published", "predicted", "error")]
    for graph, one, rate in zip(graphs, predicted, measured, strict=True):
        rows.append((graph.spec.name, f"{rate:,.0f}", f"{one:,.0f}", f"{one / rate - 1:+.1%}"))
    totals = [count(graph).totals for graph in graphs]
    macs = np.array([[float(total.macs)] for total in totals])
    both = np.array([[float(total.macs), float(total.activations)] for total in totals])
    lines = [*tables.markdown(rows, (1, 2, 3)), ""]
    for name, seconds in (
        ("model", 1 / predicted),
        ("MACs", _fit(macs, measured)),
        ("MACs + activations", _fit(both, measured)),
    ):
        error, rho = mean_error(seconds, 1 / measured), spearman(seconds, 1 / measured)
        lines.append(f"- {name}: mean error {error:.1%}, Spearman {rho:.3f}")
    return lines


def _fit(features: Array, measured: Array) -> Array:
    return np.asarray(features @ fitted(features, 1 / measured, np.zeros(features.shape[1])))


if __name__ == "__main__":
    sys.exit(main())
