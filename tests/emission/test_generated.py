"""The committed modules are what the specs give."""

import pytest

from tests.oracle import ROOT
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.resources import bundled_specs


@pytest.mark.parametrize("name", bundled_specs())
def test_the_committed_module_is_current(name: str) -> None:
    assert (ROOT / "generated" / f"{name}.py").read_text(encoding="utf-8") == emit(build_graph(load_spec(name)))
