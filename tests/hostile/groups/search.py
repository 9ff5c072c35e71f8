"""Axes, budgets and objectives of `search`, as a script would make them from a stranger's text."""

from tests.hostile.case import CODE, MARK, Case, command
from tests.hostile.groups.expansion import LAUGHS

AIM = ("--minimise", "macs")
AXIS = ("--axis", "stages.0.width=8,16")


def axis(name: str, text: str, says: str, exit: int = 2) -> Case:
    return command(name, says, "search", "spec.yaml", "--axis", text, *AIM, exit=exit)


def budget(name: str, text: str, says: str) -> Case:
    return command(f"budget_{name}", says, "search", "spec.yaml", *AXIS, *AIM, "--budget", text)


CASES = [
    axis("explosion", "stages.*.width=1..100000000", "more than --limit 1,000,000"),
    axis("many_digits", "stages.0.width=1..9999999999", "error[E"),
    axis("code", f"stages.0.width={CODE}", "error[E103]"),
    axis("code_as_path", f"{CODE}=1,2", "error[E"),
    axis("tag", f"stages.0.width=!!python/object/apply:os.mkdir [{MARK}]", "error[E005]"),
    axis("deep", "stages.0.se=" + "[" * 5_000, "error[E003]"),
    axis("laughs", "stages.0.se=\n" + LAUGHS, "error[E"),
    axis("alias", "stages.0.se=*a", "error[E006]"),
    axis("escape", "stages.0.width=\x1b[31m", "U+001B"),
    axis("escape_as_path", "\x1b[31m=1,2", "unknown key `\\x1b[31m`"),
    axis("not_utf8", "stages.0.width=\udcff", "U+DCFF"),
    axis("downwards", "stages.0.width=9..1", "a range runs upwards"),
    axis("step_of_nothing", "stages.0.width=1..9..0", "the step of a range is at least 1"),
    axis("step_back", "stages.0.width=1..9..-1", "the step of a range is at least 1"),
    axis("nothing", "stages.0.width=", "an axis needs values"),
    axis("commas", "stages.0.width=" + "," * 20_000, "a value is missing"),
    axis("one_value_20000_times", "stages.0.width=" + ",".join(["1"] * 20_000), "is 1 twice"),
    axis("redos", "stages.0.width=x1." + "1" * 50_000, "error[E103]"),
    axis("multiple_too_large", "stages.0.width=x999999", "error[E104]", exit=1),
    axis("no_number", "norm.eps=.nan,1e400", "error[E104]", exit=1),
    axis("stars", "*." * 5_000 + "=1", "error[E206]"),
    axis("extends", "extends=/etc/passwd,tresnet_m", "`extends` cannot be set by a path"),
    axis("set", "set={a: 1}", "`set` cannot be set by a path"),
    axis("name", "name=../../x,y", "no figure depends on `name`"),
    axis("description", "description=a,b", "no figure depends on `description`"),
    axis("dunder", "stages.0.__class__=1,2", "error[E"),
    axis("brackets", "stages.0.act=}{,][", "error[E002]"),
    axis("quote", 'stages.0.act.type="relu', "is never closed"),
    axis("no_path", "=1,2", "error[E"),
    axis("no_equals", "stages.0.width", "error[E"),
    command("axes_500", "has two axes", "search", "spec.yaml", *["--axis", "stages.0.width=1,2"] * 500, *AIM),
    *(
        budget(f"of_{bound}", f"macs<{bound}", "is bounded by a number")
        for bound in ("nan", "inf", "1e400", "-1", "1Q")
    ),
    budget("escape", "\x1b[31m<1", "no figure is named `\\x1b[31m`"),
    budget("escape_as_bound", "macs<\x1b[31m", "got `\\x1b[31m`"),
    budget("escape_as_option", "throughput>5@\x1b[31m", "no option `\\x1b[31m`"),
    budget("digits", "macs<" + "9" * 5_000, "is bounded by a number"),
    budget("redos", "macs<" + "1" * 50_000 + "x", "is bounded by a number"),
    budget("wide_digit", "macs<\u0661", "is bounded by a number"),
    budget("batch_of_5000_digits", "memory<16GiB@" + "9" * 5_000, "a batch is 1 to"),
    budget("batch_zero", "memory<16GiB@0", "a batch is 1 to"),
    budget("many_options", "memory<16GiB" + "@" * 5_000, "has no option"),
    budget("nothing", "", "a budget looks like"),
    budget("dunder", "__class__<1", "no figure is named `__class__`"),
    command("objective", "no figure is named", "search", "spec.yaml", *AXIS, "--minimise", "\x1b[31m"),
    command("output_a_file", "cannot write spec.yaml", "search", "spec.yaml", *AXIS, *AIM, "-o", "spec.yaml"),
    command("output_of_proc", "cannot write /proc/x", "search", "spec.yaml", *AXIS, *AIM, "-o", "/proc/x"),
]
