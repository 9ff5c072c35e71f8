"""Bundled specs as parameters: one of each kind in every run of the tests, the others among the slow ones."""

import pytest
from _pytest.mark import ParameterSet

from tresnet_gen.resources import bundled_specs

KINDS = ("tresnet_m_abn", "seresnext50_32x4d", "mixnet_s", "mobilenetv3_large_100", "shufflenet_v2_x1_0", "ablation_se")


def slow(*values: object) -> list[ParameterSet]:
    """Return values as parameters whose tests are slow ones."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def each_kind_first() -> list[ParameterSet]:
    """Return all bundled specs, those marked slow that repeat a kind."""
    return [pytest.param(name, marks=() if name in KINDS else pytest.mark.slow) for name in bundled_specs()]
