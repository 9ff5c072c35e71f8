"""The terms of the throughput model: in each mode, which quantities of an op's work make up a term and what they weigh.

A term has one price for a GPU; what its quantities weigh is the same for all GPUs. tools/calibrate.py searches the
weights; docs/throughput.md says what each term stands for. A batch norm reads twice, the activation behind it finds its
input in the cache, stems pad three channels to a tile: such things make weights differ from one.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import cast

FILE = os.path.join(os.path.dirname(__file__), "throughput_weights.json")
COMPUTE = frozenset({"macs"})  # terms whose price falls with a GPU's arithmetic; others fall with its bandwidth
OVERHEAD = frozenset({"launch"})  # no faster on a faster GPU

Terms = Mapping[str, Mapping[str, float]]


@cache
def terms() -> Mapping[str, Terms]:
    """Return by mode the weights of each term's quantities."""
    import json

    with open(FILE, encoding="utf-8") as file:
        return cast(Mapping[str, Terms], json.load(file))
