"""`--set` values and paths, as a script would make them from a stranger's text."""

from tests.hostile.case import CODE, MARK, Case, command
from tests.hostile.groups.expansion import LAUGHS


def edit(name: str, text: str, says: str, exit: int = 2) -> Case:
    return command(name, says, "build", "spec.yaml", "--set", text, exit=exit)


CASES = [
    edit("code_as_width", f"stages.0.width={CODE}", "error[E103]: `stages.0.width` must be an integer"),
    edit("code_as_list", f"stages.0.width=[{CODE}]", "error[E"),
    edit("code_as_name", f"name={CODE}", "error[E107]: `name` is not a legal name", exit=1),
    edit("code_as_path", f"{CODE}=1", "error[E"),
    edit("tag", f"stages.0.width=!!python/object/apply:os.mkdir [{MARK}]", "error[E005]"),
    edit("tag_of_name", "name=!!str x", "error[E005]"),
    edit("directive", "name=%TAG ! tag:yaml.org,2002:python/\n--- !x y", "error[E005]"),
    edit("jinja", "act.type={{ 7 * 7 }}", "error[E"),
    edit("escape", "act.type=\x1b[31m", "error[E001]: control character U+001B"),
    edit("escape_in_path", "\x1b[31m=1", "error[E101]: unknown key `\\x1b[31m`"),
    edit("escape_in_quotes", 'act.type="\\e[31m"', "error[E106]: `act.type` must be one of", exit=1),
    edit("bidi", "description=\u202e", "error[E107]: bidirectional control character U+202E", exit=1),
    edit("not_utf8", "name=\udcff", "error[E001]"),
    edit("not_utf8_in_path", "\udcff=1", "error[E101]: unknown key `\\udcff`"),
    edit("line_separator", "name=x\u2028y: 1", "error[E"),
    edit("two_documents", "name=x\n---\ny", "error[E008]: a spec is one YAML document"),
    edit("newline_key", "name=x\nnum_classes: 5", "error[E002]"),
    edit("merge", "norm={<<: {eps: 1}}", "error[E005]: merge keys"),
    edit("alias", "norm=*n", "error[E006]"),
    edit("alias_to_itself", "norm=&n [*n]", "error[E006]: alias `*n` refers to itself"),
    edit("laughs", "x=\n" + LAUGHS, "error[E003]: more than 20,000"),
    edit("deep", "x=" + "[" * 5_000, "error[E003]: nested more than 24"),
    edit("large", "x=[" + "1," * 21_000 + "]", "error[E003]: more than 20,000"),
    edit("long_number", "num_classes=" + "9" * 50_000, "error[E007]"),
    edit("octal", "num_classes=010", "error[E007]"),
    edit("redos", "num_classes=1" + "_" * 50_000 + "x", "error[E103]"),
    edit("float", "stages.0.depth=4.0", "error[E103]"),
    edit("true", "stages.0.depth=true", "error[E103]"),
    edit("null", "stem=null", "error[E102]: `stem` is required; got null", exit=1),
    edit("typo", "stages.0.widht=64", "did you mean `width`?"),
    edit("index_too_large", "stages.99.width=64", "`stages` has no item 99"),
    edit("index_of_500_digits", f"stages.{'9' * 500}.width=64", "is no index"),
    edit("index_negative", "stages.-1.width=64", "is no index"),
    edit("index_wide", "stages.\uff10.width=64", "is no index"),
    edit("index_of_a_mapping", "stem.0=1", "error[E101]: unknown key `0`"),
    edit("dunder", "stages.0.__class__=1", "error[E101]: unknown key `__class__`"),
    edit("dunder_path", "__class__.__init__.__globals__=1", "error[E101]: unknown key `__class__`"),
    edit("empty", "", "`--set` wants PATH=VALUE"),
    edit("no_path", "=1", "`--set` wants PATH=VALUE"),
    edit("dots", "...=1", "leads nowhere: a part of it is empty"),
    edit("many_dots", "." * 50_000 + "=1", "leads nowhere: it has 50,001 parts"),
    edit("into_a_number", "num_classes.x=1", "leads nowhere"),
    edit("deep_path", ".".join("a" * 24) + "=" + "[" * 24 + "]" * 24, "error[E101]: unknown key `a`"),
    edit("extends", "extends=/etc/passwd", "`extends` cannot be set by a path"),
    edit("extends_below", "extends.x=/etc/passwd", "`extends` cannot be set by a path"),
    edit("set", "set={num_classes: 5}", "`set` cannot be set by a path"),
    edit("name_of_path", "name=../../x", "error[E107]", exit=1),
    edit("blocks", "stages.0.depth=513", "error[E104]", exit=1),
    edit("stages_by_text", "stages=3", "error[E103]"),
    edit("flow_open", "stem={type: conv, width: [1}", "error[E002]"),
    edit("github", "act.type=x%0A::error::y", "x%0A::error::y", exit=1),
    command("many", "`stages.0.depth`", "build", "spec.yaml", *["--set", "stages.0.depth=0"] * 2_000, exit=1),
]
