"""Spec files, bundled names and texts to Spec."""

import os
from collections.abc import Sequence
from typing import Any

from tresnet_gen.frontend.check import INVALID, Walker
from tresnet_gen.frontend.diagnostics import Report, Text
from tresnet_gen.frontend.fields import EMITTED_NAMES, SPEC
from tresnet_gen.frontend.invertible import report_acts
from tresnet_gen.frontend.resolve import Origin, Reader, find, read_file, resolve
from tresnet_gen.frontend.source import Mapping
from tresnet_gen.frontend.spec import Act, Places, Spec


def load_spec(source: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Spec:
    """Return the resolved spec of a file or a bundled name, with `overrides` such as "stages.2.depth=24" applied.

    A text with a `/` or an ending .yaml or .yml is a path, any other text a bundled name; a PathLike is a path.

    Raises:
        SpecError: every finding of the first layer that refused the spec.
        UnreadableError: when there is nothing to read.
    """
    path = find(source) if isinstance(source, str) else source
    return spec_from(read_file(path), overrides)


def parse_spec(text: str, name: str = "<text>", overrides: Sequence[str] = ()) -> Spec:
    """Return the resolved spec of YAML `text`; `name` stands for the file in findings.

    Raises:
        SpecError: every finding of the first layer that refused the spec.
    """
    return spec_from(Origin(Text(name, text), None), overrides)


def spec_from(origin: Origin, overrides: Sequence[str] = (), read: Reader = read_file) -> Spec:
    """Return the resolved spec of a text that was read; `read` reads what it extends.

    Raises:
        SpecError: every finding of the first layer that refused the spec.
    """
    report = Report()
    return spec_of(resolve(origin, overrides, report, read), report)


def spec_of(tree: Mapping, report: Report) -> Spec:
    """Return the spec of a merged tree; `report` may hold findings of making it.

    Raises:
        SpecError: every finding of the first layer that refused the spec.
    """
    walker = Walker(report)
    values = walker.record(SPEC, tree, ())
    values = {key: value for key, value in values.items() if key not in ("extends", "set")}
    _name_class(values, walker, tree, report)
    report.raise_if_any()
    act: Act = values["act"]
    values["stem"] = _with_act(values["stem"], act)
    values["head"] = _with_act(values["head"], act)
    values["stages"] = tuple(_with_act(stage, act) for stage in values["stages"])
    spec = Spec(**values, places=Places(walker.spans, tree.span))
    report_acts(spec, report)
    report.raise_if_any()
    return spec


def _with_act(part: Any, act: Act) -> Any:
    """Return a stem, stage or head with its activation filled in."""
    return part if isinstance(part.act, Act) else part._replace(act=act)


def _name_class(values: dict[str, Any], walker: Walker, tree: Mapping, report: Report) -> None:
    """Derive `class_name` from `name` where it was not given."""
    if values["class_name"] is not None or values["name"] is INVALID:
        return
    class_name = "".join(part.capitalize() for part in values["name"].split("_"))
    if class_name in EMITTED_NAMES:
        span = walker.spans.get(("name",), tree.span)
        message = f"the class would be named `{class_name}`, a name the emitted file uses itself"
        report.error("E107", message, span, f"set `class_name: {class_name}Net`")
    values["class_name"] = class_name
