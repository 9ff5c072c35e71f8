"""What `report` reads and writes: a search.json that comes from a stranger, an output of somebody's."""

from tests.hostile.case import Case, command


def found(name: str, text: str | bytes, says: str = "not a search.json that can be read") -> Case:
    args = ("report", "spec.yaml", "--search", "search.json", "-o", "out.html")
    return command(name, says, *args, files={"search.json": text})


CASES = [
    found("empty", ""),
    found("null", "null"),
    found("list", "[]"),
    found("search_of_text", '{"search": "x"}'),
    found("deep", "[" * 500_000),
    found("digits", '{"search": ' + "9" * 5_000 + "}"),
    found("no_number", '{"search": NaN}'),
    found("not_utf8", b"\xff{}"),
    found("utf16", '{"search": {}}'.encode("utf-16")),
    found("zip", b"PK\x03\x04"),
    found("pickle", b"\x80\x04cos\nmkdir\n."),
    found("without_base", '{"search": {"front": []}}', "`base` is missing"),
    found("lists_of_nothing", '{"search": [' + "[]," * 1_390_000 + "[]]}", "must be a JSON object"),
    found("over_4_mib", " " * (4 << 20) + "{}", "larger than 4 MiB"),
    found("markup_as_key", '{"search": {"base": {"name": 5, "<script>": 1}}}'),
    command("endless", "/dev/zero: not a search.json", "report", "spec.yaml", "--search", "/dev/zero"),
    command("folder", "not a search.json", "report", "spec.yaml", "--search", "."),
    command("missing", "no such file", "report", "spec.yaml", "--search", "\x1b[31m.json"),
    command("foreign_output", "--force", "report", "spec.yaml", "-o", "x.html", files={"x.html": "<p>by hand"}),
    command("output_a_folder", "cannot write", "report", "spec.yaml", "-o", "."),
]
