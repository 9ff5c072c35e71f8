"""Axes: which values a text names, which texts name none, and that a range is never made into a list."""

import time

import pytest

from tresnet_gen.explore.search.axes import Space, base_of, flow
from tresnet_gen.explore.search.axis_texts import space_of
from tresnet_gen.frontend.diagnostics import SpecError
from tresnet_gen.frontend.resolve import find, read_file

BASE = base_of(read_file(find("tresnet_l")), ())
SE = "{ratio: 8, min_channels: 64}"


def texts(*axes: str) -> dict[str, list[str]]:
    space = space_of(BASE, axes)
    return {axis.path: [axis.values[i].text for i in range(len(axis.values))] for axis in space.axes}


def refused(*axes: str) -> tuple[str, str, int, bool]:
    """Return code, message, column and whether it is usage of the one finding."""
    with pytest.raises(SpecError) as caught:
        space_of(BASE, axes)
    [found] = caught.value.diagnostics
    assert found.span is not None
    return found.code, found.message, found.span.column, found.is_usage


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ("stages.2.depth=7..10", ["7", "8", "9", "10"]),
        ("stages.2.depth= 8..20..5 ", ["8", "13", "18"]),
        ("stages.02.depth=7,9", ["7", "9"]),
        (f"stages.2.se=null,{SE}", ["null", SE]),
        ("stages.2.se={ratio: 4},{min_channels: 8, ratio: 4}", ["{ratio: 4}", "{min_channels: 8, ratio: 4}"]),
        ("stages.2.shortcut='conv',\"avg_pool\"", ["conv", "avg_pool"]),
        ("stages.2.aa=true,false", ["true", "false"]),
        ("input.size=224,[192, 256]", ["224", "[192, 256]"]),
        ("input.size=x0.5,x1", ["[112, 112]", "[224, 224]"]),
        ("stages.0.width=x0.5,x0.99,x1,x2", ["38", "75", "76", "152"]),
        ("stages.0.width=x0.001,x1~8,x1.25~8", ["1", "80", "96"]),
        ("stages.0.width=x0.01~8,x1~100", ["8", "100"]),
        ("head.dropout=0.1,1e-3", ["0.1", "0.001"]),
    ],
)
def test_values(axis, values):
    assert list(texts(axis).values()) == [values]


def test_a_star_varies_each_item_by_itself():
    found = texts("stages.*.width=x0.75,x1", "stages.2.depth=17,18")
    assert found == {
        "stages.0.width": ["57", "76"],
        "stages.1.width": ["114", "152"],
        "stages.2.width": ["228", "304"],
        "stages.2.depth": ["17", "18"],
        "stages.3.width": ["456", "608"],
    }
    assert space_of(BASE, ["stages.*.width=x0.75,x1"]).size == 16


def test_what_concerns_the_whole_network_comes_first():
    assert list(texts("stages.1.depth=1,2", "act={type: relu}", "stages.0.depth=1,2")) == [
        "act", "stages.0.depth", "stages.1.depth"]  # fmt: skip


def test_candidates_are_numbered_with_the_last_axis_fastest():
    space = space_of(BASE, ["stages.0.depth=3..5", "stages.1.depth=1,2"])
    assert [space.digits(number) for number in range(space.size)] == [(a, b) for a in range(3) for b in range(2)]
    spec = space.spec(space.digits(3))
    assert [stage.depth for stage in spec.stages][:2] == [4, 2]


@pytest.mark.parametrize(
    ("axis", "code", "message", "column"),
    [
        ("stages.2.depth", "E206", "`--axis` wants PATH=VALUES", 1),
        ("=1,2", "E206", "`--axis` wants PATH=VALUES", 1),
        ("stages.2.depth=", "E206", "an axis needs values", 16),
        ("stages.2.depth=1,,2", "E206", "a value is missing", 18),
        ("stages.2.depth=1,2,", "E206", "a value is missing", 20),
        ("stages.2.depth=9..7", "E206", "a range runs upwards", 16),
        ("stages.2.depth=1..9..0", "E206", "the step of a range is at least 1; got 0", 16),
        ("stages.2.depth=1..x", "E206", "not a range of whole numbers", 16),
        ("stages.2.depth=1..99999999999", "E206", "not a range of whole numbers", 16),
        ("stages.2.depth=1.5..2", "E206", "not a range of whole numbers", 16),
        ("stages.2.depth=7,8,7", "E206", "`stages.2.depth` is 7 twice", 20),
        ("stages.0.width=x1,x1.001", "E206", "`stages.0.width` is 76 twice", 19),
        ("stages.3.se=x2", "E206", "`x2` multiplies a number of the base; its `stages.3.se` is null", 13),
        ("head.*=1,2", "E206", "`*` stands for the items of a list; `head` is none", 1),
        ("name=a,b", "E206", "no figure depends on `name`", 1),
        ("extends=a,b", "E205", "`extends` cannot be set by a path", 1),
        ("stages.9.depth=7,8", "E205", "`stages.9.depth` leads nowhere: `stages` has no item 9", 1),
        ("stages.2.dpeth=7,8", "E101", "unknown key `dpeth` in `stages.2`", 1),
        ("stages.2.depth=a", "E103", "`stages.2.depth` must be an integer from 1 to 512; got text 'a'", 16),
        ("stages.2.depth=.nan", "E103", "`stages.2.depth` must be an integer from 1 to 512; got .nan", 16),
        ("stages.2.depth=010", "E007", "`010` is not a number every reader agrees on: a leading zero means octal to "
         "some YAML readers", 16),
        ("stages.2.se=null,{ratoi: 8}", "E101", "unknown key `ratoi` in `stages.2.se`", 19),
        ("stages.2.se={ratio: 8", "E002", "not valid YAML: `{` is never closed", 13),
        ("stages.2.depth=!!python/object:os.system x", "E005", "tag `!!python/object:os.system` is not allowed", 16),
        ("stages.2.depth=1,\x1b[31m", "E001", "control character U+001B in the text", 18),
    ],
)  # fmt: skip
def test_what_is_no_axis(axis, code, message, column):
    assert refused(axis) == (code, message, column, True)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (("stages.2.depth=1,2", "stages.*.depth=1,2"), "`stages.2.depth` has two axes"),
        (("stages.2.depth=1,2", "stages.02.depth=3"), "`stages.2.depth` has two axes"),
        (("stages.2.se=null", "stages.2.se.ratio=2,4"), "`stages.2.se.ratio` and `stages.2.se` are axes of the same "
         "values"),
        (("stages.2.se.ratio=2,4", "stages.2.se=null"), "`stages.2.se` and `stages.2.se.ratio` are axes of the same "
         "values"),
    ],
)  # fmt: skip
def test_axes_of_the_same_values(axes, message):
    assert refused(*axes)[1] == message


def test_a_key_that_another_axis_makes_legal():
    assert texts("stages.0.block=basic,bottleneck", "stages.0.groups=1,2")["stages.0.groups"] == ["1", "2"]
    assert refused("stages.0.groups=1,2")[0] == "E101"


def test_legal_types_with_illegal_values_are_candidates():
    assert texts("stages.2.depth=0,18,513") == {"stages.2.depth": ["0", "18", "513"]}


def test_a_range_is_no_list():
    start = time.process_time()
    space: Space = space_of(BASE, ["stages.*.width=1..999999999", "stages.*.depth=1..999999999..3"])
    assert space.size == 999_999_999**4 * 333_333_333**4
    assert space.digits(space.size - 1) == (999_999_998, 333_333_332) * 4
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("word", ["null", "true", "a: b", "x y", "1e3", "-", "#", "no", "~", "é", "<b>", "{a", "'"])
def test_texts_are_written_as_texts(word):
    space = space_of(BASE, ["input.size=1,2"])
    assert flow(word) == (word if word == "no" else f'"{word}"' if word != "é" else '"\\u00e9"')
    assert space.size == 2
