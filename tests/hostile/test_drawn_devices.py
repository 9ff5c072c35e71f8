"""Whatever a device file holds, `--device` gives a finite rate or says in one line what is wrong."""

import json
import math

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.cli.running import SMALL
from tests.hostile.drawn import LOOSE, MORE, measured
from tresnet_gen.analysis import devices
from tresnet_gen.analysis.throughput import predict
from tresnet_gen.analysis.throughput_terms import terms
from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.graph.build import build_graph

SHEET = {"title": "X", "memory_gib": 16, "tensor_tflops": 100, "bandwidth_gb_s": 900}
PRICES = dict.fromkeys(terms()["infer nchw"], 1e-12)
MODE = {"error_pct": 5, "low": 0.9, "high": 1.1, "factors": {"others": 1.5}, "prices": PRICES}
KEYS = sorted({*SHEET, *MODE, *PRICES, "like", "modes", "reserve", "source", "infer nchw", "gb", "grouped", "others"})
NUMBERS = st.floats() | st.integers() | st.sampled_from([0, 1e-30, 1e-29, 1e29, 1e30, 5e-324, 1e308])
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.sampled_from(["a10", "rtx4090"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
NETWORK = build_graph(parse_spec(SMALL))


@st.composite
def sheets(draw: st.DrawFn) -> object:
    """Return a device file's data with a few values replaced, at the top, in a mode or in its prices."""
    prices = {**PRICES, **draw(st.dictionaries(st.sampled_from(sorted(PRICES)), NUMBERS, max_size=3))}
    mode = {**MODE, "prices": prices, **draw(st.dictionaries(st.sampled_from([*MODE, "grouped"]), VALUES, max_size=1))}
    changes = draw(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=1))
    numbers = draw(st.dictionaries(st.sampled_from(list(SHEET)[1:]), NUMBERS, max_size=2))
    return {**SHEET, "modes": {"infer nchw": mode} if draw(st.booleans()) else {}, **numbers, **changes}


@settings(max_examples=MORE, **LOOSE)
@given(sheets())
def test_a_device_file_gives_a_finite_rate_or_one_line(tmp_path_factory, sheet):
    path = tmp_path_factory.getbasetemp() / "device.yaml"
    path.write_text(json.dumps(sheet))
    with measured("device files", repr(sheet)[:60]):
        try:
            gpu = devices.load(str(path), "drawn")
        except devices.DeviceError as error:
            assert str(error).isprintable()
            event("refused")
        else:
            event("accepted")
            found = predict(NETWORK, gpu, "infer nchw")
            assert all(math.isfinite(rate) and rate > 0 for rate in (found.low, found.images_per_s, found.high))
            json.dumps(found.images_per_s, allow_nan=False)
