"""Text that costs more to refuse than to write."""

from tests.hostile.case import LINE, Case, behind, extending, on, spec, stage

NEAR = ", ".join(f"{{block: basic, depth: 1, widt{number}: 64}}" for number in range(64))
WRONG = ", ".join("{block: basic, dept: 1, widt: 2, strid: 3, s: 4, a: 5, shortcu: 6, ac: 7}" for _ in range(64))

CASES = [
    on("name", "redos_underscores", "_a" * 20_000 + "-", "E107", "legal name"),
    on("input", "redos_size", "{size: '" + "1" * 30_000 + "x'}", "E103", "integer"),
    on("num_classes", "redos_separators", "1" + "_" * 150_000 + "x", "E103", "integer"),
    on("num_classes", "redos_separated_digits", "1" + "_1" * 100_000 + "x", "E103", "integer"),
    on("num_classes", "redos_base_60", "1:" * 100_000 + "x", "E103", "integer"),
    on("num_classes", "redos_base_60_digits", "11" * 100_000 + ":x", "E103", "integer"),
    on("num_classes", "redos_hexadecimal", "0x" + "f" * 200_000 + "g", "E103", "integer"),
    on("num_classes", "redos_octal", "0" + "0_." * 200_000 + "x", "E103", "integer"),
    on("norm", "redos_fraction", "{eps: 1." + "1" * 200_000 + "x}", "E103", "number"),
    on("norm", "redos_exponent", "{eps: 1e" + "1" * 200_000 + "e1}", "E103", "number"),
    on("norm", "redos_dots", "{eps: " + "." * 200_000 + "}", "E103", "number"),
    behind("redos_quotes", 'x: "' + '\\"' * 100_000 + '"', "E101", "unknown key `x`"),
    behind("redos_white_space", "description: 'a" + " " * 200_000 + "b'\nx: 1", "E101", "`x`")._replace(line=10),
    behind("redos_words", "description: " + "a " * 100_000, "E104", "characters; at most 2,000"),
    behind("redos_tag", "x: !" + "a!" * 10_000 + " 1", "E002", "not valid YAML"),
    on("stages", "near_keys", f"[{NEAR}]", "E101", "`widt0`"),
    on("stages", "wrong_keys_everywhere", f"[{WRONG}]", "E101", "unknown key `dept`"),
    behind("long_keys", "\n".join(f"{'k' * 900}{number}: 1" for number in range(500)), "E101", "unknown key `kkk"),
    behind("many_near_keys", "\n".join(f"class_nam{number}: 1" for number in range(9_900)), "E101", "`class_nam0`"),
    behind(
        "many_near_long_keys", "\n".join(f"num_classes_num_classes_input{n}: 1" for n in range(9_900)), "E101", "num"
    ),
    behind("key_too_long", "k" * 100_000 + ": 1", "E002", "without `:`"),
    behind("many_duplicates", "x: 1\n" * 9_900, "E004", "duplicate key `x`")._replace(line=10),
    behind("many_edits", "set:\n" + "".join(f"  x{n}: 1\n" for n in range(9_900)), "E101", "`x0`")._replace(line=10),
    behind(
        "many_deep_edits", "set:\n" + "".join(f"  {'a.' * 20}{n}: 1\n" for n in range(9_000)), "E101", "`a`"
    )._replace(line=10),
    behind(
        "many_edits_nowhere", "set:\n" + "".join(f"  stages.{n}: 1\n" for n in range(1, 9_900)), "E205", "no item 1"
    )._replace(line=10),
    behind("edit_of_a_million_parts", "set: {? '" + "." * 300_000 + "' : 1}", "E205", "300,001 parts"),
    behind("edit_with_a_long_index", "set: {stages." + "9" * 900 + ".width: 1}", "E205", "is no index"),
    behind("many_tags", "x: [" + "!a 1, " * 15_000 + "]", "E005", "`!a`"),
    behind("many_undefined_aliases", "x: [" + "*a, " * 19_000 + "]", "E006", "no anchor"),
    behind("many_ambiguous_numbers", "x: [" + "010, " * 19_000 + "]", "E007", "`010`"),
    behind("many_line_separators", "# " + "\u2028" * 100_000, "E001", "U+2028"),
    behind("one_long_line", "x: [" + "1, " * 9_000 + "'" + "a" * 300_000 + "', 010]", "E007", "`010`"),
    behind("many_lines", "\n" * 300_000 + "x: 1", "E101", "`x`")._replace(line=300_009),
    behind("many_carriage_returns", "\r" * 300_000 + "x: 1", "E101", "`x`")._replace(line=300_009),
    on("stem", "many_widths", "{type: deep, widths: [" + "8," * 19_000 + "]}", "E104", "1 to 16 items"),
    extending("near_files", "./spec_.yaml", "E201", "did you mean", **{f"spec{n:03}_yaml": "" for n in range(300)}),
    Case("indented", spec() + "".join(f"{' ' * n}a{n}:\n" for n in range(1, 1_000)), "E002", LINE["head"] + 2, "not"),
    Case("wrong_stages", spec(stages=stage(depth="[" * 20 + "]" * 20)), "E103", LINE["stages"], "a list"),
]
