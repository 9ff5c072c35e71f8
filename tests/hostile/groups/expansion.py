"""A little text that grows: aliases, merge keys, nesting, chains."""

from tests.hostile.case import Case, behind, nine, on, spec

LAUGHS = nine("abcdefghij", "{0}: &{0} [lol,lol,lol,lol,lol,lol,lol,lol,lol]", "{0}: &{0} [{1}]")
MERGES = nine("abcdefgh", "{0}: &{0} {{k: 1}}", "{0}: &{0} {{<<: [{1}]}}")


def chain(length: int, filling: str, last: str = spec()) -> dict[str, str]:
    """Return specs that extend each other, each with something in it."""
    links = {f"c{number}.yaml": f"extends: c{number + 1}.yaml\n{filling}" for number in range(1, length)}
    return {**links, f"c{length}.yaml": last}


def keys(count: int) -> str:
    return "".join(f"k{number}: {number}\n" for number in range(count))


FIRST = "extends: c1.yaml\n"

CASES = [
    Case("billion_laughs", LAUGHS + spec(), "E003", 5, "20,000"),
    Case("merge_bomb", MERGES + spec(), "E005", 2, "merge keys"),
    on("stages", "alias_to_itself_list", "&s [*s]", "E006", "refers to itself"),
    on("input", "alias_to_itself_map", "&i {channels: 3, more: *i}", "E006", "refers to itself"),
    on("head", "alias_undefined", "*nothing", "E006", "no anchor"),
    Case("anchor_redefined", "a: &w 76\nb: &w 80\n" + spec(), "E101", 1, "unknown key `a`"),
    Case("deep_flow_sequence", "x: " + "[" * 100_000 + "]" * 100_000 + "\n" + spec(), "E003", 1, "24 levels"),
    Case("deep_flow_open", "x: " + "[" * 100_000, "E003", 1, "24 levels"),
    Case("deep_block_mapping", "".join(" " * i + "a:\n" for i in range(600)), "E003", 25, "24 levels"),
    Case("deep_flow_mapping", "x: " + "{a: " * 500 + "1" + "}" * 500 + "\n" + spec(), "E003", 1, "24 levels"),
    Case("over_1_mib", b"# pad\n" * 180_000 + spec().encode(), "E003", 1, "1 MiB"),
    Case("many_unknown_keys", keys(30_000) + spec(), "E003", 10_000, "20,000"),
    Case("alias_as_key", "a: &k width\n" + spec(stages="stages: [{block: basic, *k : 64}]"), "E006", 8, "a key"),
    Case("deep_dashes", "x:\n" + "- " * 50_000 + "1\n" + spec(), "E003", 2, "24 levels"),
    Case("deep_question_marks", "? " * 50_000 + "x\n", "E003", 1, "24 levels"),
    Case("deep_key", "? " + "[" * 40 + "]" * 40 + "\n: 1\n" + spec(), "E003", 1, "24 levels"),
    Case("deep_in_alias", "x: &a " + "[" * 24 + "]" * 24 + "\n" + spec(), "E003", 1, "24 levels"),
    Case(
        "laughs_in_mapping", nine("abcdefghij", "{0}: &{0} {{k: 1}}", "{0}: &{0} [{1}]") + spec(), "E003", 5, "20,000"
    ),
    Case("laughs_in_set", spec("set:\n  x: 1") + LAUGHS, "E003", 15, "20,000"),
    behind("aliases_in_a_row", "x: [&a 1" + ", *a" * 20_000 + "]", "E003", "20,000"),
    behind("alias_of_a_long_list", f"x: &a [{'1,' * 9_000}]\ny: [*a, *a]", "E003", "20,000")._replace(line=10),
    behind("alias_before_its_anchor", "x: [*later, &later 1]", "E006", "no anchor"),
    behind("alias_in_its_own_key", "&a x: {*a : 1}", "E006", "a key"),
    behind("merge_of_one", "x: {<<: {a: 1}}", "E005", "merge keys"),
    behind("many_anchors", "x: [" + "".join(f"&a{i} 1, " for i in range(20_000)) + "]", "E003", "20,000"),
    behind("many_empty_items", "x: [" + "'', " * 30_000 + "]", "E003", "20,000"),
    Case("chain_of_many_keys", FIRST, "E003", 97, "20,000", chain(15, keys(9_900))),
    Case("chain_of_long_files", FIRST, "E003", 1, "1 MiB together", chain(15, "# pad\n" * 170_000)),
    Case("chain_of_laughs", FIRST, "E003", 6, "20,000", chain(3, LAUGHS)),
    Case("chain_of_40", FIRST, "E202", 1, "16 deep", chain(40, "")),
    Case("circle_of_two", FIRST, "E202", 1, "in a circle", {"c1.yaml": "extends: spec.yaml\n"}),
    Case("circle_below", FIRST, "E202", 1, "c1.yaml -> c2.yaml -> c1.yaml", chain(2, "", "extends: ./c1.yaml\n")),
]
