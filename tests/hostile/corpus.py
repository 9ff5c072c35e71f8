"""Hostile specs, grouped by what they attack. Payloads are inert: one that ran would make the folder MARK."""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

MARK = "tresnet_gen_pwned"
CODE = f"__import__('os').mkdir('{MARK}')"

PARTS = {
    "name": "name: small",
    "input": "input: {channels: 3, size: 224}",
    "num_classes": "num_classes: 1000",
    "norm": "norm: {type: batch_norm}",
    "act": "act: {type: leaky_relu, slope: 0.001}",
    "stem": "stem: {type: space_to_depth, block_size: 4, kernel: 3, width: 76}",
    "stages": "stages: [{block: basic, depth: 2, width: 76, se: {ratio: 4, min_channels: 64}, aa: true}]",
    "head": "head: {type: avg_pool_linear}",
}
LINE = {key: number for number, key in enumerate(PARTS, 1)}
AFTER = len(PARTS) + 1


class Refused(NamedTuple):
    """A spec and its first finding: code, line and a part of the message."""

    name: str
    data: bytes
    code: str
    line: int
    says: str


def spec(extra: str = "", **changed: str) -> str:
    """Return a legal spec's text, one key a line, with lines changed and a line added."""
    return "\n".join([*{**PARTS, **changed}.values(), extra]) + "\n"


def quoted(text: str) -> str:
    """Return text as a YAML double-quoted scalar on one line."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    special = {*map(chr, range(32)), *map(chr, range(127, 160))}
    return '"' + "".join(escapes.get(c) or (f"\\x{ord(c):02x}" if c in special else c) for c in text) + '"'


def described(text: str) -> str:
    """Return a spec with a description."""
    return spec(f"description: {quoted(text)}")


def stage(**values: object) -> str:
    """Return the line of a single stage."""
    items = {"block": "basic", "depth": 1, "width": 64, **values}
    return "stages: [{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}]"


def nine(names: str, start: str, item: str) -> str:
    """Return lines that each repeat the one before nine times."""
    lines = [start.format(names[0])]
    lines += [item.format(name, ",".join([f"*{before}"] * 9)) for before, name in pairwise(names)]
    return "\n".join(lines) + "\n"


def _refused() -> list[Refused]:
    found: list[Refused] = []

    def add(name: str, text: str | bytes, code: str, line: int, says: str) -> None:
        found.append(Refused(name, text.encode() if isinstance(text, str) else text, code, line, says))

    def on(key: str, name: str, text: str, code: str, says: str) -> None:
        add(name, spec(**{key: f"{key}: {text}"}), code, LINE[key], says)

    _tags(add, on)
    _expansion(add, on)
    _lexical(add, on)
    _types(add, on)
    _injection(add, on)
    _paths(add, on)
    _algorithmic(add, on)
    _semantic(add, on)
    return found


def _tags(add, on) -> None:
    on("name", "tag_apply", f"!!python/object/apply:os.mkdir ['{MARK}']", "E005", "!!python/object/apply:os.mkdir")
    new = f'name: !!python/object/new:type\n  args: ["z", [], {{"extend": !!python/name:exec }}]\n  listitems: "{CODE}"'
    add("tag_new", spec(name=new), "E005", 1, "!!python/object/new:type")
    directive = "%TAG ! tag:yaml.org,2002:python/\n---\n"
    add("tag_directive", directive + spec(name=f"name: !object/apply:os.mkdir ['{MARK}']"), "E005", 1, "%TAG")
    on("stages", "tag_include", "!include /etc/passwd", "E005", "!include")
    on("name", "tag_env", "!ENV ${HOME}", "E005", "!ENV")
    on("input", "tag_omap", "!!omap [channels: 3, size: 224]", "E005", "!!omap")
    on("num_classes", "tag_int", "!!int '10'", "E005", "!!int")
    on("num_classes", "tag_bang", "! 10", "E005", "`!`")
    on("num_classes", "tag_verbatim", f"!<tag:yaml.org,2002:python/object/apply:os.mkdir> {MARK}", "E005", "os.mkdir")


def _expansion(add, on) -> None:
    laughs = nine("abcdefghij", "{0}: &{0} [lol,lol,lol,lol,lol,lol,lol,lol,lol]", "{0}: &{0} [{1}]")
    add("billion_laughs", laughs + spec(), "E003", 5, "20,000")
    merges = nine("abcdefgh", "{0}: &{0} {{k: 1}}", "{0}: &{0} {{<<: [{1}]}}")
    add("merge_bomb", merges + spec(), "E005", 2, "merge keys")
    on("stages", "alias_to_itself_list", "&s [*s]", "E006", "refers to itself")
    on("input", "alias_to_itself_map", "&i {channels: 3, more: *i}", "E006", "refers to itself")
    on("head", "alias_undefined", "*nothing", "E006", "no anchor")
    add("anchor_redefined", "a: &w 76\nb: &w 80\n" + spec(), "E101", 1, "unknown key `a`")
    add("deep_flow_sequence", "x: " + "[" * 100_000 + "]" * 100_000 + "\n" + spec(), "E003", 1, "24 levels")
    add("deep_flow_open", "x: " + "[" * 100_000, "E003", 1, "24 levels")
    add("deep_block_mapping", "".join(" " * i + "a:\n" for i in range(600)), "E003", 25, "24 levels")
    add("deep_flow_mapping", "x: " + "{a: " * 500 + "1" + "}" * 500 + "\n" + spec(), "E003", 1, "24 levels")
    add("over_1_mib", b"# pad\n" * 180_000 + spec().encode(), "E003", 1, "1 MiB")
    add("many_unknown_keys", "".join(f"k{i}: {i}\n" for i in range(30_000)) + spec(), "E003", 10_000, "20,000")
    add(
        "alias_as_key", "a: &k width\n" + spec(stages="stages: [{block: basic, depth: 1, *k : 64}]"), "E006", 8, "a key"
    )


def _lexical(add, on) -> None:
    on("name", "nul", "tres\0net", "E001", "U+0000")
    add("escaped_bell", described("a\x07\x08b"), "E107", AFTER, "U+0007")
    add("empty", b"", "E008", 1, "empty")
    add("comments", "# nothing\n", "E008", 1, "empty")
    add("two_documents", spec() + "---\n" + spec(), "E008", AFTER + 1, "one YAML document")
    add("scalar_document", "tresnet_l\n", "E008", 1, "mapping")
    add("bidi_in_description", described("ok \u202e\u2066 return True \u2069\u2066"), "E107", AFTER, "U+202E")
    on("name", "nfkc_name", "tre\ufb01x", "E107", "legal name")
    add("surrogate", spec('description: "\\ud800"'), "E107", AFTER, "U+D800")
    add("not_utf8", spec().encode() + b"# \xff\xfe\n", "E001", AFTER + 1, "0xff")
    on("num_classes", "fullwidth_digits", "\uff11\uff10", "E103", "integer")
    add("version", "%YAML 9.9\n---\n" + spec(), "E002", 1, "YAML 1.2")
    add(
        "unclosed_flow",
        spec(stages="stages: [ {block: basic, depth: 1}"),
        "E002",
        LINE["stages"],
        "`[` is never closed",
    )
    add("unquoted_colon", spec("description: a: b: c"), "E002", AFTER, "`: `")
    add("escape_out_of_range", spec('description: "\\U00110000"'), "E002", AFTER, "out of range")


def _types(add, on) -> None:
    add("duplicate", spec("num_classes: 10"), "E004", AFTER, "first at line 3")
    add("number_keys", spec("1: a\n1.0: b"), "E103", AFTER, "keys must be text")
    add("list_key", spec("? [a, b]\n: 1"), "E103", AFTER, "keys must be text")
    add("on_as_stride", spec(stages=stage(stride="on")), "E103", LINE["stages"], "1 or 2")
    for text in ("010", "1_000", "0x10", "1:30", "9" * 5000):
        on("num_classes", f"number_{text[:5].replace(':', '_')}", text, "E007", "every reader")
    add("float_depth", spec(stages=stage(depth="4.0")), "E103", LINE["stages"], "got 4.0")
    on("act", "slope_inf", "{type: leaky_relu, slope: .inf}", "E104", "finite")
    on("act", "slope_nan", "{type: leaky_relu, slope: .nan}", "E104", "finite")
    on("norm", "eps_overflow", "{eps: 1e400}", "E104", "finite")
    on("norm", "eps_zero", "{eps: 0}", "E104", "above 0")
    add("depth_zero", spec(stages=stage(depth=0)), "E104", LINE["stages"], "from 1")
    on("input", "date_as_size", "{size: 2026-11-23}", "E103", "integer")
    add("se_true", spec(stages=stage(se="true")), "E103", LINE["stages"], "mapping or null")
    typo = "stages: [{block: bottleneck, depth: 1, widht: 64}]"
    add("typo", spec(stages=typo), "E101", LINE["stages"], "`widht`")
    add("text_depth", spec(stages=stage(depth="'4'")), "E103", LINE["stages"], "text '4'")
    on("input", "size_of_three", "{size: [224, 224, 3]}", "E103", "list of 3")


def _injection(add, on) -> None:
    on("name", "name_code", quoted(f"x: pass\n{CODE}\nclass y"), "E107", "legal name")
    on("name", "name_newline", '"small\\n"', "E107", "legal name")
    for word in ("class", "typing", "torch", "con", "none"):
        on("name", f"name_{word}", word, "E107", f"cannot be `{word}`")
    on("act", "act_call", "{type: " + quoted(CODE) + "}", "E106", "one of")
    on("act", "act_dotted", "{type: torch.hub.load}", "E106", "one of")
    on("act", "act_dunder", "{type: __class__}", "E106", "one of")
    on("norm", "eps_code", "{eps: " + quoted(f"1e-5, momentum={CODE}") + "}", "E103", "number")
    on("num_classes", "classes_code", quoted(f"1000); {CODE} #"), "E103", "integer")
    on("num_classes", "classes_eval", quoted(f"eval: {CODE}"), "E103", "integer")
    class_name = f"class_name: {quoted(f'A(object):{chr(10)}  x={CODE}{chr(10)}class B')}"
    add("class_name_code", spec(class_name), "E107", AFTER, "legal name")
    add("class_name_emitted", spec("class_name: ConvBN"), "E107", AFTER, "cannot be `ConvBN`")
    add("key_escape", spec(quoted("\x1b]0;PWNED\x07\x1b[2J\x1b[31mwidth") + ": 1"), "E101", AFTER, "\\x1b]0;PWNED")
    add("key_c1_escape", spec(quoted("\x9b31mwidth") + ": 1"), "E101", AFTER, "\\x9b31m")
    add("key_markup", spec(quoted("[/red][link=file:///etc/passwd]x") + ": 1"), "E101", AFTER, "[/red]")
    github = "x\n::set-env name=PATH::/evil\n::error file=a::b%0A"
    add("key_github", spec(quoted(github) + ": 1"), "E101", AFTER, "x\\n::set-env")
    on("name", "value_escape", quoted("\x1b[31mred"), "E107", "\\x1b[31mred")
    add("tag_escape", spec("x: !%1b%5b31m 1"), "E005", AFTER, "\\x1b[31m")
    add("alias_long", spec("x: *" + "a" * 500), "E006", AFTER, "aaa ... aaa")


def _paths(add, on) -> None:
    def extends(name: str, target: str, code: str, says: str) -> None:
        add(name, f"extends: {target}\n" + spec(), code, 1, says)

    extends("extends_http", "http://169.254.169.254/latest/meta-data/", "E203", "URLs")
    extends("extends_file_url", "file:///etc/passwd", "E203", "URLs")
    extends("extends_stdin", "/dev/stdin", "E203", "outside")
    extends("extends_proc", "../../../../../../proc/self/environ", "E203", "outside")
    extends("extends_number", "7", "E103", "must be text")
    extends("extends_dash", "'-'", "E201", "no bundled spec")
    extends("extends_home", "~/.ssh/config", "E201", "no such file")
    extends("extends_backslash", "'..\\..\\x.yaml'", "E203", "relative path")
    extends("extends_escape", '"\\e[31m.yaml"', "E203", "\\x1b[31m")
    extends("extends_itself", "./spec.yaml", "E202", "circle")
    extends("extends_missing", "tresnet_q.yaml", "E201", "no such file")
    extends("extends_long", "a" * 5000 + ".yaml", "E201", "too long")
    for name in ("../../tmp/evil", "-rf", "/etc/passwd", "a/b", ".hidden", "a.b", "nul.txt"):
        on("name", f"name_{name.replace('/', '_')}", name, "E107", "legal name")


def _algorithmic(add, on) -> None:
    on("name", "redos_underscores", "_a" * 20_000 + "-", "E107", "legal name")
    on("input", "redos_size", "{size: '" + "1" * 30_000 + "x'}", "E103", "integer")
    near = ", ".join(f"{{block: basic, depth: 1, widt{i}: 64}}" for i in range(64))
    add("near_keys", spec(stages=f"stages: [{near}]"), "E101", LINE["stages"], "`widt0`")
    long_keys = "\n".join(f"{'k' * 900}{i}: 1" for i in range(500))
    add("long_keys", spec(long_keys), "E101", AFTER, "unknown key `kkk")
    add("key_too_long", spec("k" * 100_000 + ": 1"), "E002", AFTER, "without `:`")


def _semantic(add, on) -> None:
    line = LINE["stages"]
    add("depth_1e9", spec(stages=stage(depth=10**9)), "E104", line, "from 1 to 512")
    add("width_1e12", spec(stages=stage(width=10**12)), "E104", line, "65,536")
    on("input", "size_1", "{size: 1}", "E301", "multiple of 4")
    on("input", "size_1e9", "{size: 1000000000}", "E104", "16,384")
    add("se_hidden_zero", spec(stages=stage(width=8, se="{ratio: 64}")), "E105", line, "no hidden channels")
    groups = stage(block="bottleneck", groups=65_536)
    add("groups_over_width", spec(stages=groups), "E105", line, "multiple of `groups`")
    mobile = partial(stage, block="inverted_residual")
    add("expansion_infinite", spec(stages=mobile(expansion=".inf")), "E104", line, "at most 64")
    add("expansion_no_number", spec(stages=mobile(expansion=".nan")), "E104", line, "at most 64")
    add("expand_groups_over_width", spec(stages=mobile(expand_groups=65_536)), "E105", line, "must divide")
    add("kernels_5000", spec(stages=mobile(kernel=[3] * 5_000)), "E104", line, "2 to 8 items")
    add("kernels_nested", spec(stages=mobile(kernel=[[3]] * 8)), "E103", line, "odd integer")
    add(
        "kernels_over_width",
        spec(stages=stage(block="depthwise_separable", width=1, depth=2, kernel=[3, 5])),
        "E105",
        line,
        "only 1 channel ",
    )
    add("shuffle_odd", spec(stages=stage(block="shuffle_unit", width=65_535, stride=2)), "E105", line, "even")
    se = "{ratio: 65536, of: hidden, gate: hard_sigmoid}"
    add("se_hidden_of_hidden_zero", spec(stages=mobile(se=se)), "E105", line, "no hidden channels")
    on("stem", "kernel_even", "{type: space_to_depth, kernel: 2, width: 76}", "E104", "odd")
    on("stem", "block_size_3", "{type: space_to_depth, block_size: 3, width: 76}", "E104", "2, 4 or 8")
    on("input", "channels_1e9", "{channels: 1000000000}", "E104", "65,536")
    many = "stages:\n" + "  - {block: basic, depth: 1, width: 64, stride: 2}\n" * 1000
    add("stages_1000", spec(stages=many), "E104", line + 1, "1 to 64 items")
    deep = "stages:\n" + "  - {block: bottleneck, depth: 512, width: 64}\n" * 8
    late = "  - {block: basic, depth: 512, width: 64, stride: 2, aa: true}\n" * 16
    add("collapse_late", spec(stages=deep + late), "E302", line + 15, "too small to blur")
    on("num_classes", "classes_1e9", "1000000000", "E104", "1,000,000")


REFUSED = _refused()

QUOTES = '"""'
DESCRIPTIONS = {
    "triple_quote": f"x{QUOTES}\n{CODE}\n{QUOTES}",
    "escaped_triple_quote": f"x\\{QUOTES}\n{CODE}\n#",
    "double_escaped_triple_quote": f"x\\\\{QUOTES}; {CODE} #",
    "single_triple_quote": f"x'''; {CODE} #",
    "trailing_backslash": "ends with \\",
    "trailing_backslashes": "ends with \\\\\\",
    "trailing_quote": 'ends with "',
    "trailing_quotes": 'ends with """',
    "only_quotes": '"' * 40,
    "bad_escapes": "\\N{DIGIT ONE} \\x4 \\u12 \\d \\U00110000 \\777",
    "carriage_return": f"x\r{CODE}",
    "newline": f"x\n{CODE}",
    "form_feed": f"x\f{CODE}",
    "line_separators": f"a\u2028{CODE}\u2029{CODE}\x85{CODE}\x0b{CODE}\x1c{CODE}",
    "jinja": "{# %} {{ 7 * 7 }} {% raw %} {% include '/etc/passwd' %} {{ self }} #}",
    "jinja_newline": "{%- endraw -%}\n{{ ''.__class__.__mro__ }}",
    "percent": "%s %(x)s %% {0} {x!r} $HOME ${HOME} `id` $(id)",
    "coding": "line one\n# -*- coding: rot13 -*-\nfrom __future__ import annotations",
    "coding_first": "# coding: utf-7",
    "stamp": "file sha256 -",
    "stamp_of_zeros": f"file sha256 {'0' * 64}",
    "stamps": f"Generated by tresnet-gen file sha256 {'0' * 64} spec sha256 {'0' * 64}",
    "html": "</script><script>document.title='PWNED'</script><img src=x onerror=alert(1)>",
    "attribute": '" onload="alert(1)" x="',
    "mermaid": "a\"] --> evil\nclick A call callback()\n%%{init:{'securityLevel':'loose'}}%%",
    "markdown": "a | b\n|---|\n[x](javascript:alert(1)) ` ![i](http://evil)",
    "csv": '=HYPERLINK("http://evil","x")',
    "json": '","exit":0,"x":"',
    "github": "::error::x %0A::set-env name=PATH::/evil",
    "no_break_space": "a\u00a0b\u3000c\u2003d",
    "no_latin": "模型 модель \U0001f600 e\u0301",
    "one_long_word": "x" * 2000,
    "many_words": "a " * 999 + "b",
    "hyphens": "well-known-" * 100,
    "doctest": ">>> __import__('os')\nTraceback (most recent call last):",
    "indent": "    indented\n\tmore",
}  # fmt: skip

ACCEPTED = {
    "bom": b"\xef\xbb\xbf" + spec().encode(),
    "crlf": spec().replace("\n", "\r\n").encode(),
    "cr": spec().replace("\n", "\r").encode(),
    "bidi_in_comment": spec("# safe \u202e }evil{ \u2066").encode(),
    "code_in_comment": spec(f"# {CODE}").encode(),
    "shared_anchor": spec(stages="stages: [&s {block: basic, depth: 2, width: 76, se: {ratio: 4, min_channels: 64},"
                          " aa: true}]").encode(),
    "redefined_anchor": spec(stem="stem: {type: space_to_depth, block_size: &w 4, kernel: &w 3, width: 76}").encode(),
    "exponent": spec(act="act: {type: leaky_relu, slope: 1e-3}").encode(),
    "json": b'{"name": "small", "act": {"type": "leaky_relu", "slope": 0.001}, "stem": {"type": "space_to_depth",'
            b' "width": 76}, "stages": [{"block": "basic", "depth": 2, "width": 76,'
            b' "se": {"ratio": 4, "min_channels": 64}, "aa": true}]}',
    "comments_of_half_a_mebibyte": b"# pad\n" * 90_000 + spec().encode(),
}  # fmt: skip
