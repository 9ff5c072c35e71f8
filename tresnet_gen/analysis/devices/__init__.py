"""GPUs by name: one YAML file each, from the vendors' data sheets."""

import os
from functools import cache
from typing import NamedTuple

FOLDER = os.path.dirname(__file__)
SUFFIX = ".yaml"


class Gpu(NamedTuple):
    """A GPU; `memory_bytes` is what its data sheet promises."""

    name: str
    title: str
    memory_bytes: int


def names() -> list[str]:
    """Return the names of all GPUs, sorted."""
    return sorted(file.removesuffix(SUFFIX) for file in os.listdir(FOLDER) if file.endswith(SUFFIX))


@cache
def gpu(name: str) -> Gpu:
    """Return a GPU by one of `names()`."""
    import yaml

    with open(os.path.join(FOLDER, name + SUFFIX), encoding="utf-8") as file:
        sheet = yaml.safe_load(file)
    return Gpu(name, sheet["title"], sheet["memory_gib"] << 30)
