"""`extends`, `set` and `--set`: what a spec takes over, what it replaces, and in which order."""

import os
from pathlib import Path

import pytest

from tests.frontend.trees import SPECS, as_yaml, findings
from tresnet_gen.emission.stamp import spec_sha256
from tresnet_gen.frontend.describe import resolved_values
from tresnet_gen.frontend.diagnostics import SpecError
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.frontend.resolve import MAX_EXTENDS
from tresnet_gen.frontend.spec import Act, Norm, Spec, SqueezeExcite

BASE = """\
name: base
class_name: BaseNet
description: the base
input: {channels: 1, size: [192, 256]}
num_classes: 10
norm: {eps: 1e-4, momentum: 0.2}
act: {type: leaky_relu, slope: 0.3}
stem: {type: space_to_depth, block_size: 2, kernel: 5, width: 32}
stages:
  - {block: basic, depth: 2, width: 32, se: {ratio: 2, min_channels: 8}}
  - {block: bottleneck, depth: 3, width: 64, stride: 2, groups: 2, aa: true}
head: {dropout: 0.5}
"""


def plain_se(ratio: int, min_channels: int | None) -> SqueezeExcite:
    """Return an SE rule whose other keys have their defaults."""
    return SqueezeExcite(ratio, min_channels, "output", None, Act("relu", None), "sigmoid", "inner")


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Return a function that loads a spec of a given text beside base.yaml."""
    (tmp_path / "base.yaml").write_text(BASE)
    monkeypatch.chdir(tmp_path)

    def load(text: str, *overrides: str) -> Spec:
        Path("child.yaml").write_text(f"extends: base.yaml\n{text}")
        return load_spec("child.yaml", overrides)

    return load


def test_a_spec_with_nothing_of_its_own_is_its_base_under_another_name(child):
    base, same = load_spec("base.yaml"), child("")
    assert (same.name, same.class_name, same.description) == ("child", "Child", "")
    assert same == base._replace(name="child", class_name="Child", description="", places=same.places)


def test_its_own_name_wins_over_the_stem(child):
    assert child("name: other").class_name == "Other"
    assert child("class_name: Own").class_name == "Own"
    assert child("name: null").name == "child"


def test_mappings_merge_key_by_key(child):
    spec = child("norm: {momentum: 0.01}\ninput: {channels: 4}\nact: {slope: 0.5}\nstem: {width: 48}\n")
    assert spec.norm == Norm("batch_norm", 1e-4, 0.01)
    assert spec.input == (4, (192, 256))
    assert spec.act == Act("leaky_relu", 0.5)
    assert (spec.stem.kernel, spec.stem.width) == (5, 48)


def test_scalars_and_lists_are_replaced(child):
    spec = child("num_classes: 7\ninput: {size: 128}\nstages: [{block: basic, depth: 1, width: 16}]\n")
    assert spec.num_classes == 7
    assert spec.input.size == (128, 128)
    assert [(stage.depth, stage.se) for stage in spec.stages] == [(1, None)]


def test_naming_the_same_type_merges(child):
    assert child("stem: {type: space_to_depth, width: 48}").stem.kernel == 5
    assert child("norm: {type: batch_norm, eps: 1}").norm.momentum == 0.2
    assert child("head: {type: avg_pool_linear}").head.dropout == 0.5


def test_another_type_replaces_the_mapping_whole(child):
    assert child("stem: {type: conv, width: 48}").stem.kernel == 7
    assert child("act: {type: silu}").act == Act("silu", None)


def test_null_means_the_default(child):
    spec = child("norm: null\nhead: null\ninput: {size: null}\nact: {slope: null}\nnum_classes: null\n")
    assert spec.norm == Norm("batch_norm", 1e-5, 0.1)
    assert spec.head.dropout == 0
    assert spec.input == (1, (224, 224))
    assert spec.act == Act("leaky_relu", 0.01)
    assert spec.num_classes == 1000
    assert child("act: null").act == Act("relu", None)


def test_set_edits_what_the_merge_left(child):
    spec = child("""\
norm: {momentum: 0.01}
set:
  norm.momentum: 0.02
  stages.1.depth: 9
  stages.0.se.ratio: 4
  stages.1.se: {ratio: 16}
  stem.act.type: silu
""")
    assert spec.norm.momentum == 0.02
    assert spec.stages[0].se == plain_se(4, 8)
    assert spec.stages[1].se == plain_se(16, None)
    assert (spec.stages[1].depth, spec.stages[1].groups) == (9, 2)
    assert spec.stem.act == Act("silu", None)
    assert spec.stages[0].act == Act("leaky_relu", 0.3)


def test_set_makes_the_mappings_on_its_way(child):
    assert child("set: {stages.1.se.ratio: 8}").stages[1].se == plain_se(8, None)
    assert child("set: {stages.1.act.type: relu6}").stages[1].act == Act("relu6", None)


def test_set_null_removes(child):
    assert child("set: {stages.0.se: null}").stages[0].se is None
    assert child("set: {stages.0.se.min_channels: null}").stages[0].se == plain_se(2, None)
    spec = child("set: {stages.1.block: basic, stages.1.groups: null, act.type: relu, act.slope: null}")
    assert (spec.stages[1].block, spec.stages[1].width) == ("basic", 64)
    assert spec.act == Act("relu", None)


def test_the_command_line_comes_last_and_its_last_edit_wins(child):
    spec = child("norm: {eps: 0.1}\nset: {norm.eps: 0.2}\n", "norm.eps=0.3", "norm.eps=0.4", "stages.0.depth=5")
    assert spec.norm.eps == 0.4
    assert spec.stages[0].depth == 5


def test_overrides_read_yaml_values(child):
    overrides = ("input={size: 64}", "stages.0={block: basic, depth: 1, width: 8}", "norm.eps= 1e-3 ", "name=x")
    spec = child("", *overrides)
    assert spec.input == (3, (64, 64))
    assert (spec.stages[0].width, spec.stages[0].se) == (8, None)
    assert (spec.norm.eps, spec.name, spec.class_name) == (1e-3, "x", "X")
    assert child("", "num_classes=").num_classes == 1000


def test_the_base_applies_its_own_set_first(child):
    Path("middle.yaml").write_text("extends: base.yaml\nset: {num_classes: 20, norm.eps: 0.5}\n")
    Path("top.yaml").write_text("extends: middle.yaml\nnum_classes: 30\n")
    spec = load_spec("top.yaml")
    assert (spec.num_classes, spec.norm.eps) == (30, 0.5)


def test_every_value_reads_back():
    """What `resolved_values` gives, defaults and all, is the same spec with the same sha256."""
    for path in (*sorted(SPECS.rglob("*.yaml")), BASE):
        spec = parse_spec(path) if isinstance(path, str) else load_spec(path)
        again = parse_spec(as_yaml(resolved_values(spec)))
        assert resolved_values(again) == resolved_values(spec)
        assert spec_sha256(again) == spec_sha256(spec)


def test_two_ways_to_write_one_spec_have_one_sha256(child):
    written = child("num_classes: 20", "name=base", "class_name=BaseNet", "description=the base")
    edited = load_spec("base.yaml", ["num_classes=20", "norm.type=batch_norm", "stages.0.aa=false"])
    assert spec_sha256(written) == spec_sha256(edited)
    assert spec_sha256(written) != spec_sha256(load_spec("base.yaml"))


# Where a base may lie.


def refusal(path: str) -> tuple[str, str]:
    with pytest.raises(SpecError) as raised:
        load_spec(path)
    [finding] = raised.value.diagnostics
    return finding.code, finding.message


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def test_a_path_starts_at_the_specs_own_folder(child):
    write("a/b/part.yaml", BASE.replace("num_classes: 10", "num_classes: 11"))
    write("a/middle.yaml", "extends: b/part.yaml\n")
    write("top.yaml", "extends: a/middle.yaml\n")
    assert load_spec("top.yaml").num_classes == 11


def test_up_and_out_only_below_the_working_folder(child, tmp_path, monkeypatch):
    write("a/child.yaml", "extends: ../base.yaml\n")
    assert load_spec("a/child.yaml").num_classes == 10
    monkeypatch.chdir("a")
    assert refusal("child.yaml")[0] == "E203"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert refusal(str(tmp_path / "a" / "child.yaml"))[0] == "E203"


def test_a_link_that_leads_out_is_refused(child, tmp_path, monkeypatch):
    write("inside/child.yaml", "extends: link.yaml\n")
    Path("inside/link.yaml").symlink_to(tmp_path / "base.yaml")
    assert load_spec("inside/child.yaml").num_classes == 10
    monkeypatch.chdir("inside")
    assert refusal("child.yaml")[0] == "E203"


def test_a_text_without_a_file_extends_below_the_working_folder(child):
    assert parse_spec("name: x\nextends: base.yaml\n").num_classes == 10
    assert [finding.code for finding in findings("extends: base.yaml\n")] == ["E102"]
    assert [finding.code for finding in findings("name: x\nextends: ../base.yaml\n")] == ["E203"]


def test_a_bundled_name_is_no_path(child):
    write("tresnet_m", BASE)
    write("tresnet_m.yaml", BASE)
    write("bundled.yaml", "extends: tresnet_m\n")
    write("own.yaml", "extends: tresnet_m.yaml\n")
    assert load_spec("bundled.yaml").num_classes == 1000
    assert load_spec("own.yaml").num_classes == 10


def test_the_chain_may_be_sixteen_specs_long(child):
    assert MAX_EXTENDS == 16
    write("c1.yaml", BASE)
    for number in range(2, 18):
        write(f"c{number}.yaml", f"extends: c{number - 1}.yaml\n")
    assert load_spec("c16.yaml").name == "c16"
    assert refusal("c17.yaml") == ("E202", "specs extend each other more than 16 deep")


def test_a_circle_under_another_spelling_is_one(child, tmp_path):
    write("a/one.yaml", "extends: ./../a/../a/two.yaml\n")
    Path("a/two.yaml").symlink_to(tmp_path / "a" / "one.yaml")
    assert refusal("a/one.yaml")[0] == "E202"


def test_a_spec_may_use_one_base_twice_along_different_chains(child):
    """A circle is a spec above itself, not a spec read again by another command."""
    write("left.yaml", "extends: base.yaml\n")
    write("right.yaml", "extends: left.yaml\n")
    assert [load_spec(path).num_classes for path in ("left.yaml", "right.yaml", "base.yaml")] == [10, 10, 10]


@pytest.mark.parametrize(
    "target", ["/dev/stdin", "/etc/passwd", "file:///etc/passwd", "C:/x.yaml", "..\\\\x.yaml", "a\\0b.yaml"]
)
def test_nothing_but_relative_paths_is_opened(child, target):
    Path("child.yaml").write_text(f'extends: "{target}"\n')
    assert refusal("child.yaml")[0] == "E203"


def test_only_regular_files_are_read(child, tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    Path("folder.yaml").mkdir()
    for name, kind in (("pipe", "not a regular file"), ("folder", "a folder")):
        Path("child.yaml").write_text(f"extends: {name}.yaml\n")
        assert refusal("child.yaml") == ("E201", f"cannot read {name}.yaml: it is {kind}")
