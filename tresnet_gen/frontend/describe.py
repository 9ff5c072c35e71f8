"""A spec as plain values and as rows of path, value and place, walked along the field table."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tresnet_gen.frontend.diagnostics import Span
from tresnet_gen.frontend.fields import SPEC
from tresnet_gen.frontend.kinds import Edits, Field, Inherit, Items, Kind, Nullable, Record, Reference, Union
from tresnet_gen.frontend.spec import Path, Spec
from tresnet_gen.frontend.wording import dotted


class Setting(NamedTuple):
    """One value of a resolved spec; `span` is None for a default, `inherited` the place it takes its default from."""

    path: Path
    value: Any
    span: Span | None
    inherited: Span | None = None

    @property
    def key(self) -> str:
        """The path as `set` writes it."""
        return dotted(self.path)

    @property
    def place(self) -> str:
        """`path:line` of the value, `default`, or `default, from path:line` where another key gives it."""
        if self.span:
            return self.span.place
        return f"default, from {self.inherited.place}" if self.inherited else "default"


def resolved_values(spec: Spec) -> dict[str, Any]:
    """Return the spec as JSON values with every default filled in; reading them back gives the same spec."""
    values = _plain(SPEC, spec)
    assert isinstance(values, dict)
    return values


def settings(spec: Spec) -> Iterator[Setting]:
    """Yield every value of the spec with its place, in the order of the field table."""
    yield from _settings(SPEC, spec, (), spec)


def _plain(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case Nullable():
            return _plain(kind.kind, value)
        case Record():
            fields = (f for f in kind.fields if not isinstance(f.kind, Reference | Edits))
            return {f.key: _plain(f.kind, getattr(value, f.key)) for f in fields}
        case Union():
            tag = getattr(value, kind.tag)
            return {kind.tag: tag, **_plain(kind.variants[tag], value)}
        case Items():
            return [_plain(kind.item, item) for item in value]
    return list(value) if isinstance(value, tuple) else value


def _settings(kind: Kind, value: Any, path: Path, spec: Spec) -> Iterator[Setting]:
    if isinstance(kind, Nullable):
        kind = kind.kind
    if value is not None and isinstance(kind, Union):
        tag = getattr(value, kind.tag)
        yield Setting((*path, kind.tag), tag, spec.places.written((*path, kind.tag)))
        kind = kind.variants[tag]
    if value is not None and isinstance(kind, Items):
        for index, item in enumerate(value):
            yield from _settings(kind.item, item, (*path, index), spec)
    elif value is not None and isinstance(kind, Record):
        for field in kind.fields:
            if not isinstance(field.kind, Reference | Edits):
                yield from _field_settings(field, getattr(value, field.key), (*path, field.key), spec)
    else:
        yield Setting(path, _plain(kind, value), spec.places.written(path))


def _field_settings(field: Field, value: Any, path: Path, spec: Spec) -> Iterator[Setting]:
    found = _settings(field.kind, value, path, spec)
    if not isinstance(field.default, Inherit) or spec.places.written(path):
        yield from found
        return
    for setting in found:
        source = (field.default.key, *setting.path[len(path) :])
        yield setting._replace(inherited=spec.places.written(source))
