"""Specs as plain data, for readers and checkers other than the tool's own."""

import json
from pathlib import Path
from typing import Any

from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError, Text
from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.frontend.source import compose, plain

SPECS = Path(__file__).parents[2] / "specs"


def data_of(path: Path) -> Any:
    """Return a spec file's data."""
    return plain(compose(Text(path.name, path.read_text(encoding="utf-8"))))


def as_yaml(data: Any) -> str:
    """Return data as YAML: JSON is a part of it."""
    return json.dumps(data, ensure_ascii=False)


def findings(text: str, *overrides: str) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a spec's text, nothing for a legal one."""
    try:
        parse_spec(text, overrides=overrides)
    except SpecError as error:
        return error.diagnostics
    return ()
