"""The field table as JSON Schema, for editors: only keywords that draft-07 and 2020-12 share.

What a schema cannot say stays with the walker: that 4.0 is no integer, names that are reserved, keys that
contradict each other, shapes.
"""

from typing import Any

from tresnet_gen.frontend.fields import NOT_INHERITED, SPEC
from tresnet_gen.frontend.kinds import (
    REQUIRED,
    Choice,
    Derived,
    Edits,
    Field,
    Flag,
    Inherit,
    Int,
    IntList,
    IntOrList,
    Items,
    Kind,
    Name,
    Nullable,
    Prose,
    Real,
    Record,
    Reference,
    Size,
    Union,
)

Schema = dict[str, Any]


def json_schema() -> Schema:
    """Return the JSON Schema of a spec; one that extends another may leave keys out."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "tresnet-gen spec",
        "type": "object",
        "if": {"required": ["extends"], "properties": {"extends": {"type": "string"}}},
        "then": _record(SPEC, partial=True),
        "else": _record(SPEC, partial=False),
    }


def _record(record: Record, partial: bool, tag: Schema | None = None) -> Schema:
    required = [field.key for field in record.fields if field.default is REQUIRED]
    schema: Schema = {
        "properties": {**(tag or {}), **_properties(record, partial)},
        "additionalProperties": False,
    }
    return schema if partial or not required else {**schema, "required": required}


def _properties(record: Record, partial: bool) -> Schema:
    return {field.key: _field(field, partial) for field in record.fields}


def _field(field: Field, partial: bool) -> Schema:
    schema = {"description": _described(field), **_kind(field.kind, partial)}
    nullable = field.default is not REQUIRED or (partial and field.key in NOT_INHERITED)
    return _or_null(schema) if nullable else schema


def _described(field: Field) -> str:
    if field.default is REQUIRED:
        return field.doc
    return f"{field.doc} (default: {default_text(field)})"


def default_text(field: Field) -> str:
    """Return a field's default for people."""
    default = field.default
    if isinstance(default, Derived):
        return default.text
    if isinstance(default, Inherit):
        return f"the spec's `{default.key}`"
    if default is None:
        return "null"
    if isinstance(default, bool):
        return str(default).lower()
    if default == "":
        return "empty"
    if isinstance(default, tuple):
        return str(default[0]) if len(set(default)) == 1 else str(list(default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _or_null(schema: Schema) -> Schema:
    """Return `schema` with null allowed."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema if "null" in types else {**schema, "type": [*types, "null"]}


def _kind(kind: Kind, partial: bool) -> Schema:
    match kind:
        case Int():
            return _integer(kind)
        case Real():
            return _real(kind)
        case Flag():
            return {"type": "boolean"}
        case Choice():
            return {"enum": list(kind.words)}
        case Name():
            return {"type": "string", "pattern": f"^{kind.pattern.pattern}$", "maxLength": 63}
        case Prose():
            return {"type": ["string", "number", "boolean"]}
        case Reference():
            return {"type": "string", "minLength": 1}
        case Edits():
            return {"type": "object"}
        case Size():
            side = {"type": "integer", "minimum": 1, "maximum": kind.maximum}
            return {**side, "type": ["integer", "array"], "items": side, "minItems": 2, "maxItems": 2}
        case IntList():
            bounds = {"minItems": kind.minimum_items, "maxItems": kind.maximum_items}
            return {"type": "array", "items": _integer(kind.item), **bounds}
        case IntOrList():
            item = _integer(kind.item)
            return {**item, "type": ["integer", "array"], "items": item, "minItems": 2, "maxItems": kind.maximum_items}
        case Nullable():
            return _or_null(_kind(kind.kind, partial))
        case Record():
            return {"type": "object", **_record(kind, partial)}
        case Union():
            return _union(kind, partial)
        case Items():
            bounds = {"minItems": kind.minimum_items, "maxItems": kind.maximum_items}
            return {"type": "array", "items": _union(kind.item, partial=False), **bounds}


def _integer(kind: Int) -> Schema:
    if kind.choices:
        return {"enum": list(kind.choices)}
    bounds: Schema = {"type": "integer", "minimum": kind.minimum, "maximum": kind.maximum}
    return {**bounds, "not": {"type": "integer", "multipleOf": 2}} if kind.odd else bounds


def _real(kind: Real) -> Schema:
    bounds = {
        "exclusiveMinimum": kind.above,
        "minimum": kind.minimum,
        "exclusiveMaximum": kind.below,
        "maximum": kind.maximum,
    }
    return {"type": "number", **{key: bound for key, bound in bounds.items() if bound is not None}}


def _union(kind: Union, partial: bool) -> Schema:
    """Return if/then on the discriminator, so that an editor reports what is wrong with the variant meant."""
    words: Schema = {"enum": list(kind.variants)}
    tag = {kind.tag: _or_null(words) if kind.default or partial else words}
    branches: list[Schema] = [
        {"if": _is_variant(kind, name, partial), "then": _record(record, partial, tag)}
        for name, record in kind.variants.items()
    ]
    if partial:
        branches.append({"if": _is_untagged(kind), "then": _any_variant(kind, tag)})
    schema: Schema = {"type": "object", "properties": tag, "allOf": branches}
    return schema if kind.default or partial else {**schema, "required": [kind.tag]}


def _any_variant(kind: Union, tag: Schema) -> Schema:
    """Return what a mapping may hold whose variant is that of the spec it extends."""
    properties: Schema = {}
    for record in kind.variants.values():
        for key, schema in _properties(record, partial=True).items():
            same = key not in properties or _without_text(properties[key]) == _without_text(schema)
            properties[key] = schema if same else {}
    return {"properties": {**tag, **properties}, "additionalProperties": False}


def _without_text(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "description"}


def _is_untagged(kind: Union) -> Schema:
    return {"not": {"properties": {kind.tag: {"type": "string"}}, "required": [kind.tag]}}


def _is_variant(kind: Union, name: str, partial: bool) -> Schema:
    """Return the test for a mapping being variant `name`; the default's also takes one without a tag."""
    if name == kind.default and not partial:
        others = [other for other in kind.variants if other != name]
        if not others:
            return {}  # an empty `enum` is refused by some validators
        return {"not": {"properties": {kind.tag: {"enum": others}}, "required": [kind.tag]}}
    return {"properties": {kind.tag: {"const": name}}, "required": [kind.tag]}
