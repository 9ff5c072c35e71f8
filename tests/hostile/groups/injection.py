"""Text that would be code, a terminal command, a workflow command or markup where it is repeated; all refused."""

from tests.hostile.case import CODE, LINE, Case, behind, on, quoted, spec, stage


def word(name: str, key: str, code: str = "E106", says: str = "one of", **values: str) -> Case:
    """Return a case with code in place of a word."""
    return on(key, name, "{" + ", ".join(f"{k}: {v}" for k, v in values.items()) + "}", code, says)


def in_stage(name: str, code: str, says: str, **values: object) -> Case:
    return Case(name, spec(stages=stage(**values)), code, LINE["stages"], says)


CALL = quoted(CODE)
GITHUB = "x\n::set-env name=PATH::/evil\n::error file=a::b%0A"
RESERVED = ("class", "typing", "torch", "con", "none", "os", "com1", "this", "async")

CASES = [
    on("name", "name_code", quoted(f"x: pass\n{CODE}\nclass y"), "E107", "legal name"),
    on("name", "name_newline", '"small\\n"', "E107", "legal name"),
    *(on("name", f"name_{text}", text, "E107", f"cannot be `{text}`") for text in RESERVED),
    on("name", "name_dunder", "__main__", "E107", "legal name"),
    on("name", "name_of_64", "a" * 64, "E107", "legal name"),
    on("name", "name_cyrillic", "sm\u0430ll", "E107", "legal name"),
    on("name", "name_combining", "small\u0301", "E107", "legal name"),
    on("name", "name_zero_width", '"sm\\u200ball"', "E107", "sm\\u200ball"),
    on("name", "name_quote", quoted('x"); ' + CODE + ' #"'), "E107", "legal name"),
    on("name", "name_jinja", quoted("{{ 7 * 7 }}"), "E107", "legal name"),
    on("name", "name_percent", quoted("%s%n"), "E107", "legal name"),
    on("act", "act_call", "{type: " + CALL + "}", "E106", "one of"),
    on("act", "act_dotted", "{type: torch.hub.load}", "E106", "one of"),
    on("act", "act_dunder", "{type: __class__}", "E106", "one of"),
    on("act", "act_trailing_newline", '{type: "relu\\n"}', "E106", "relu\\n"),
    on("act", "act_other_case", "{type: ReLU}", "E106", "one of"),
    on("norm", "eps_code", "{eps: " + quoted(f"1e-5, momentum={CODE}") + "}", "E103", "number"),
    on("norm", "norm_code", "{type: " + CALL + "}", "E106", "`batch_norm` or `inplace_abn`"),
    on("norm", "momentum_format", "{momentum: '{0.__class__}'}", "E103", "number"),
    on("stem", "stem_code", "{type: " + CALL + "}", "E106", "one of"),
    on("stem", "stem_dunder", "{type: __init__}", "E106", "one of"),
    word("pool_code", "stem", says="`max`", type="conv", width="8", pool=CALL),
    word("width_code", "stem", "E103", "integer", type="conv", width=CALL),
    word("head_code", "head", says="avg_pool_linear", type=CALL),
    word("dropout_code", "head", "E103", "number", dropout=CALL),
    word("hidden_code", "head", "E103", "integer", hidden=CALL),
    in_stage("block_code", "E106", "one of", block=CALL),
    in_stage("shortcut_code", "E106", "`avg_pool` or `conv`", shortcut=CALL),
    in_stage("depth_code", "E103", "integer", depth=CALL),
    in_stage("aa_code", "E103", "true or false", aa=CALL),
    in_stage("gate_code", "E106", "`sigmoid` or", se=f"{{ratio: 4, gate: {CALL}}}"),
    in_stage("of_code", "E106", "one of", se=f"{{ratio: 4, of: {CALL}}}"),
    in_stage("site_code", "E106", "`inner` or `output`", se=f"{{ratio: 4, site: {CALL}}}"),
    in_stage("slope_code", "E103", "number", act=f"{{type: leaky_relu, slope: {CALL}}}"),
    in_stage("kernel_code", "E103", "integer", block="inverted_residual", kernel=f"[3, {CALL}]"),
    behind("checkpoint_code", f"checkpoint: {CALL}", "E106", "`block`"),
    on("num_classes", "classes_code", quoted(f"1000); {CODE} #"), "E103", "integer"),
    on("num_classes", "classes_eval", quoted(f"eval: {CODE}"), "E103", "integer"),
    on("num_classes", "classes_jinja", quoted("{{ 7 * 7 }}"), "E103", "integer"),
    on("num_classes", "classes_environment", "$CLASSES", "E103", "integer"),
    behind(
        "class_name_code", f"class_name: {quoted(f'A(object):{chr(10)}  x={CODE}{chr(10)}class B')}", "E107", "legal"
    ),
    *(
        behind(f"class_name_{text}", f"class_name: {text}", "E107", f"cannot be `{text}`")
        for text in ("ConvBN", "Tensor", "OrderedDict", "BasicBlock", "F")
    ),
    behind("class_name_none", 'class_name: "None"', "E107", "cannot be `None`"),
    behind("class_name_newline", 'class_name: "Small\\n"', "E107", "legal name"),
    behind("class_name_dotted", "class_name: Small.__class__", "E107", "legal name"),
    behind("class_name_keyword_wide", "class_name: \uff34rue", "E107", "legal name"),
    behind("class_name_call", "class_name: Small()", "E107", "legal name"),
    behind("class_name_of_64", "class_name: " + "A" * 64, "E107", "legal name"),
    Case("class_name_derived", spec(name="name: tensor"), "E107", 1, "`Tensor`"),
    behind("key_escape", quoted("\x1b]0;PWNED\x07\x1b[2J\x1b[31mwidth") + ": 1", "E101", "\\x1b]0;PWNED"),
    behind("key_c1_escape", quoted("\x9b31mwidth") + ": 1", "E101", "\\x9b31m"),
    behind("key_markup", quoted("[/red][link=file:///etc/passwd]x") + ": 1", "E101", "[/red]"),
    behind("key_github", quoted(GITHUB) + ": 1", "E101", "x\\n::set-env"),
    behind("key_bidi", '"\\u202ewidth": 1', "E101", "\\u202ewidth"),
    behind("key_html", quoted("<script>alert(1)</script>") + ": 1", "E101", "<script>"),
    behind("key_json", quoted('","exit":0,"x":"') + ": 1", "E101", '","exit":0'),
    behind("key_surrogate", '"\\udfff": 1', "E101", "\\udfff"),
    behind("key_of_nothing", '"": 1', "E101", "unknown key ``"),
    behind("key_dunder", "__class__: 1", "E101", "__class__"),
    behind("key_zero_width", '"wid\\u200bth": 1', "E101", "wid\\u200bth"),
    behind("key_of_every_control", quoted("".join(map(chr, range(32)))) + ": 1", "E101", "\\x00\\x01"),
    on("name", "value_escape", quoted("\x1b[31mred"), "E107", "\\x1b[31mred"),
    behind("tag_escape", "x: !%1b%5b31m 1", "E005", "\\x1b[31m"),
    behind("tag_newline", "x: !%0a::error::x 1", "E005", "\\n::error"),
    behind("alias_long", "x: *" + "a" * 500, "E006", "aaa ... aaa"),
    behind("hyperlink", quoted("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\") + ": 1", "E101", "\\x1b]8;;http"),
    behind("description_of_2001", "description: " + "a" * 2001, "E104", "2,001 characters"),
    behind("description_bell", 'description: "\\a"', "E107", "U+0007"),
]
