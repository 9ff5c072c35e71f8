"""The JSON Schema: of one piece with the walker, in words that every editor's validator knows."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from jsonschema import Draft7Validator, Draft202012Validator

from tests.frontend.trees import SPECS, as_yaml, data_of, findings
from tresnet_gen.frontend.diagnostics import Diagnostic
from tresnet_gen.frontend.fields import BLOCKS, SPEC
from tresnet_gen.frontend.kinds import Items, Kind, Nullable, Record, Union
from tresnet_gen.frontend.schema import json_schema

SCHEMA = json_schema()
VALIDATORS = (Draft7Validator(SCHEMA), Draft202012Validator(SCHEMA))

# Keywords that mean the same in draft-07 and 2020-12; `items` is in both only as one schema for all items.
ANNOTATIONS = {"$schema", "title", "description"}
PLAIN = {"type", "enum", "const", "pattern", "required"}
BOUNDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
LENGTHS = {"minLength", "maxLength", "minItems", "maxItems"}
APPLICATORS = {"not", "if", "then", "else", "items", "allOf", "properties", "additionalProperties"}


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, bool):
        return
    assert isinstance(schema, dict)
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("allOf", [])]
    inner += [schema[key] for key in ("not", "if", "then", "else", "items", "additionalProperties") if key in schema]
    for one in inner:
        yield from subschemas(one)


def accepted(data: Any) -> bool:
    """Return the verdict of both validators, which must be one."""
    first, second = (validator.is_valid(data) for validator in VALIDATORS)
    assert first == second
    return first


def test_only_keywords_that_both_drafts_share():
    allowed = ANNOTATIONS | PLAIN | BOUNDS | LENGTHS | APPLICATORS
    used = {keyword for schema in subschemas(SCHEMA) for keyword in schema}
    assert used <= allowed
    assert "oneOf" not in json.dumps(SCHEMA)
    assert all(schema["enum"] for schema in subschemas(SCHEMA) if "enum" in schema)
    for validator in (Draft7Validator, Draft202012Validator):
        validator.check_schema({key: value for key, value in SCHEMA.items() if key != "$schema"})


def test_every_key_of_the_table_is_described():
    described = {key for schema in subschemas(SCHEMA) for key, sub in schema.get("properties", {}).items()
                 if "description" in sub}  # fmt: skip
    assert {field.key for record in records(SPEC) for field in record.fields} == described


def records(kind: Kind) -> Iterator[Record]:
    match kind:
        case Nullable():
            yield from records(kind.kind)
        case Items():
            yield from records(kind.item)
        case Union():
            for record in kind.variants.values():
                yield from records(record)
        case Record():
            yield kind
            for field in kind.fields:
                yield from records(field.kind)


@pytest.mark.parametrize("path", sorted(SPECS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_bundled_specs_are_valid_and_name_the_schema(path):
    assert accepted(data_of(path))
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == Path(SPECS, "../tresnet_gen/spec.schema.json").resolve()


# Agreement: the schema takes what the walker takes, and nothing else.

FULL = {
    "name": "full",
    "class_name": "FullNet",
    "description": "every key once",
    "extends": None,
    "set": None,
    "input": {"channels": 3, "size": [192, 256]},
    "num_classes": 10,
    "norm": {"type": "batch_norm", "eps": 1e-3, "momentum": 0.5},
    "act": {"type": "leaky_relu", "slope": 0.25},
    "stem": {"type": "space_to_depth", "block_size": 2, "kernel": 5, "width": 32, "act": {"type": "silu"}},
    "stages": [
        {
            "block": "basic",
            "depth": 2,
            "width": 32,
            "stride": 1,
            "se": {
                "ratio": 2,
                "min_channels": 8,
                "of": "input",
                "round_to": 8,
                "act": {"type": "leaky_relu", "slope": 0.5},
                "gate": "hard_sigmoid",
                "site": "output",
            },
            "aa": False,
            "shortcut": "conv",
            "act": {"type": "relu6"},
        },
        {
            "block": "bottleneck",
            "depth": 1,
            "width": 64,
            "stride": 2,
            "se": None,
            "aa": True,
            "shortcut": "avg_pool",
            "expansion": 2,
            "groups": 4,
            "act": {"type": "leaky_relu", "slope": 0},
        },
    ],
    "head": {"type": "avg_pool_linear", "dropout": 0.5, "width": 64, "hidden": 32, "act": {"type": "hard_swish"}},
    "checkpoint": "block",
}
BARE = {"name": "bare", "stem": {"type": "conv", "width": 8}, "stages": [{"block": "basic", "depth": 1, "width": 8}]}
CONV = {**BARE, "stem": {"type": "conv", "kernel": 3, "stride": 1, "width": 8, "pool": "max", "act": {}}, "norm": {}}
IN_PLACE = {**BARE, "norm": {"type": "inplace_abn", "momentum": 0.5}, "act": {"type": "leaky_relu", "slope": 0.25}}
DEEP = {**BARE, "stem": {"type": "deep", "widths": [8, 8, 16], "pool": None}, "act": {"type": "silu"}}
MOBILE = {
    **BARE,
    "stages": [
        {
            "block": "inverted_residual",
            "depth": 2,
            "width": 16,
            "stride": 2,
            "se": {"ratio": 4, "min_channels": 1, "of": "hidden", "round_to": 8, "act": {}, "gate": "sigmoid"},
            "act": {"type": "silu"},
            "kernel": [3, 5],
            "expansion": 2.3,
            "expand_groups": 2,
            "project_groups": 4,
        },
        {"block": "depthwise_separable", "depth": 1, "width": 16, "stride": 1, "se": None, "act": {}, "kernel": [3, 5]},
        {"block": "fused_inverted_residual", "depth": 1, "width": 24, "stride": 1, "kernel": 5, "expansion": 1},
        {"block": "shuffle_unit", "depth": 1, "width": 24, "stride": 2, "act": {"type": "relu"}, "kernel": 3},
    ],
}
BASES = (FULL, BARE, CONV, DEEP, IN_PLACE, MOBILE, MOBILE)

KEYS = sorted({field.key for record in records(SPEC) for field in record.fields} | {"type", "block"})
# A file to extend and paths to set are not values that one look at the file can judge.
FOREIGN_KEYS = [key for key in KEYS if key not in ("extends", "set")]
WORDS = ["", "relu", "leaky_relu", "conv", "deep", "space_to_depth", "basic", "bottleneck", "max", "avg_pool"]
WORDS += ["inplace_abn", "block", *BLOCKS.variants, "output", "input", "hidden", "inner", "sigmoid", "hard_sigmoid"]
WORDS += ["batch_norm", "avg_pool_linear", "tresnet_x", "Tresnet", "18", "1e-3", "true", "null", "two words", "x" * 64]
INTEGERS = [-1, 0, 1, 2, 3, 4, 5, 8, 16, 17, 31, 32, 33, 64, 65, 512, 513, 16_384, 16_385, 65_536, 65_537]
INTEGERS += [1_000_000, 1_000_001, 10**18]
# No float of integral value: a schema cannot tell 4.0 from 4, the walker does (test_an_integral_float_is_no_integer).
FLOATS = [-0.5, 63.5, 64.5, 1e-9, 0.01, 0.5, 0.999, 1.001, 2.5, 1e-300]
SCALARS = st.none() | st.booleans() | st.sampled_from(INTEGERS) | st.sampled_from(FLOATS) | st.sampled_from(WORDS)
CONTAINERS = st.one_of(
    st.lists(SCALARS, max_size=3),
    st.lists(st.sampled_from(INTEGERS), min_size=1, max_size=17),
    st.dictionaries(st.sampled_from(FOREIGN_KEYS), SCALARS, max_size=3),
    st.lists(st.sampled_from([*FULL["stages"], *MOBILE["stages"]]), max_size=65),
)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with each of its keys or indices."""
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], dict | list):
            yield from places(data[key])


def like(value: Any) -> st.SearchStrategy[Any]:
    """Return values of the type of `value`, legal in its place or not."""
    if isinstance(value, str):
        return st.sampled_from(WORDS)
    if isinstance(value, bool):
        return st.booleans()
    return st.sampled_from(INTEGERS) | st.sampled_from(FLOATS) if isinstance(value, int | float) else CONTAINERS


@st.composite
def mutated(draw: DrawFn) -> Any:
    """Return a legal spec's data with one or two things changed."""
    data = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 2))):
        where = [(place, key) for place, key in places(data) if key not in ("extends", "set")]
        mutate(draw, *draw(st.sampled_from(where)))
    return data


def mutate(draw: DrawFn, place: Any, key: Any) -> None:
    change = draw(st.sampled_from(["like", "like", "like", "replace", "contain", "remove", "add", "move"]))
    if change == "remove":
        del place[key]
    elif change == "add" and isinstance(place, list):
        place.append(copy.deepcopy(place[key]))
    elif change in ("add", "move") and isinstance(place, dict):
        added = draw(st.sampled_from([*FOREIGN_KEYS, "widht", "Name", "name ", "x"]))
        place[added] = place.pop(key) if change == "move" else copy.deepcopy(draw(like(place[key])))
    else:
        values = {"like": like(place[key]), "contain": CONTAINERS}.get(change, SCALARS)
        place[key] = copy.deepcopy(draw(values))


def beyond_a_schema(finding: Diagnostic) -> bool:
    """Whether a finding is about a reserved name or about keys that contradict each other."""
    return finding.code == "E105" or any(word in finding.message for word in ("cannot be", "the class would be named"))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_walker_and_schema_agree(data):
    found = [finding for finding in findings(as_yaml(data)) if not beyond_a_schema(finding)]
    event("legal" if not found else found[0].code)
    assert accepted(data) == (not found), (data, found)


def test_bases_are_legal():
    for base in BASES:
        assert findings(as_yaml(base)) == ()
        assert accepted(base)


@pytest.mark.parametrize("field", ["num_classes", "input.size", "stem.kernel", "stages.0.depth", "stages.0.stride"])
def test_an_integral_float_is_no_integer(field):
    """The documented difference: to JSON Schema 4.0 is an integer, to Python's range and to a reader it is not."""
    value = {"stem.kernel": 5.0, "stages.0.stride": 2.0}.get(field, 4.0)
    data = copy.deepcopy(FULL)
    *path, last = (int(part) if part.isdecimal() else part for part in field.split("."))
    place: Any = data
    for part in path:
        place = place[part]
    place[last] = value
    assert accepted(data)
    [finding] = findings(as_yaml(data))
    assert (finding.code, finding.help) == ("E103", f"write `{last}: {int(value)}`")


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_every_key_out_of_place_is_refused_by_both(key):
    for place in ("norm", "act", "head", "input"):
        data = copy.deepcopy(FULL)
        legal = key in FULL[place]
        data[place].setdefault(key, 1)
        assert accepted(data) == (not findings(as_yaml(data))) == legal


# Specs that extend another leave keys out; the schema cannot see the base and must not refuse what the base fills in.

PARTIAL = (
    {"extends": "tresnet_m"},
    {"extends": "tresnet_m", "name": None, "class_name": None, "description": None},
    {"extends": "tresnet_m", "norm": {"eps": 1e-3}, "stem": {"width": 48}, "head": None, "act": {"slope": 0.5}},
    {"extends": "tresnet_m", "stem": {"type": "conv", "width": 48}, "stages": BARE["stages"], "input": {"size": 448}},
    {"extends": "tresnet_m", "set": {"stages.2.depth": 24, "input.size": 448}},
    {"extends": "tresnet_m", "stem": {"kernel": None}, "act": {"slope": None}, "norm": {"momentum": None}},
)
WRONG_PARTIAL = (
    {"extends": 5},
    {"extends": "tresnet_m", "stages": None},
    {"extends": "tresnet_m", "num_clases": 5},
    {"extends": "tresnet_m", "stages": [{"block": "basic", "width": 4}]},
    {"extends": "tresnet_m", "stages": [{"depth": 3}]},
    {"extends": "tresnet_m", "stem": {"type": "conv", "width": 48, "block_size": 4}},
    {"extends": "tresnet_m", "act": {"type": "silu", "slope": 0.5}},
    {"extends": "tresnet_m", "set": [1]},
    {"extends": None, "name": "x"},
    {"extends": "", "name": "x"},
)


@pytest.mark.parametrize("data", PARTIAL, ids=as_yaml)
def test_partial_specs(data):
    assert findings(as_yaml({"name": "x", **{k: v for k, v in data.items() if k != "name"}})) == ()
    assert accepted(data)


@pytest.mark.parametrize("data", WRONG_PARTIAL, ids=as_yaml)
def test_wrong_partial_specs(data):
    assert findings(as_yaml({"name": "x", **data}))
    assert not accepted(data)


def test_the_table_drives_the_blocks():
    """A block added to the table is in the schema under its name, with its own keys alone."""
    branches = next(s for s in subschemas(SCHEMA) if "block" in s.get("properties", {}) and "allOf" in s)["allOf"]
    keys = {branch["if"]["properties"]["block"]["const"]: set(branch["then"]["properties"]) for branch in branches}
    assert keys == {name: {"block", *(f.key for f in record.fields)} for name, record in BLOCKS.variants.items()}
