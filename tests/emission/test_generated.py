"""The committed modules are what the specs give; so are those of specs with what no bundled one has.

test_memory.py builds the latter in torch. `TRESNET_GEN_REWRITE=1 pytest tests/emission/test_generated.py` writes them.
"""

import os
from pathlib import Path

import pytest

from tests.analysis.test_memory import WRITTEN, graph_of
from tests.oracle import ROOT
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.resources import bundled_specs


@pytest.mark.parametrize("name", bundled_specs())
def test_the_committed_module_is_current(name: str) -> None:
    assert (ROOT / "generated" / f"{name}.py").read_text(encoding="utf-8") == emit(build_graph(load_spec(name)))


@pytest.mark.parametrize(("name", "checkpoint"), [*((name, "null") for name in WRITTEN), ("mixed", "block")])
def test_the_module_of_what_no_bundled_spec_has(name: str, checkpoint: str) -> None:
    path = Path(__file__).parent / "written" / f"{name}{'_checkpoint' if checkpoint == 'block' else ''}.txt"
    emitted = emit(graph_of(name, f"checkpoint={checkpoint}"))
    if os.environ.get("TRESNET_GEN_REWRITE") == "1":
        path.write_text(emitted, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == emitted
