"""Device files of strangers: `estimate --device`."""

from tests.hostile.case import MARK, Case, command
from tests.hostile.groups.expansion import LAUGHS, MERGES

DEVICE = "title: X\nmemory_gib: 16\ntensor_tflops: 100\nbandwidth_gb_s: 900\n"
MODE = "modes: {infer nchw: {error_pct: 5, low: 0.9, high: 1.1, PART}}\n"


def device(name: str, text: str | bytes, says: str) -> Case:
    return command(name, says, "estimate", "spec.yaml", "--device", "d.yaml", files={"d.yaml": text})


def changed(name: str, old: str, new: str, says: str) -> Case:
    assert old in DEVICE
    return device(name, DEVICE.replace(old, new), says)


def mode(name: str, part: str, says: str) -> Case:
    return device(name, DEVICE + MODE.replace("PART", part), says)


ZEROS = ", ".join(
    f"{term}: 0"
    for term in ("macs", "convolution", "depthwise", "grouped", "odd_groups", "elementwise", "move", "launch")
)
CASES = [
    device("tag_apply", DEVICE + f"source: !!python/object/apply:os.mkdir [{MARK}]\n", "is not allowed"),
    device("tag_omap", DEVICE + "modes: !!omap [a: 1]\n", "tag `!!omap` is not allowed"),
    device("tag_binary", DEVICE + "source: !!binary '!!'\n", "tag `!!binary` is not allowed"),
    device("directive", "%TAG ! tag:yaml.org,2002:python/\n---\n" + DEVICE, "%TAG"),
    device("laughs", LAUGHS + DEVICE, "more than 20,000"),
    device("merges", MERGES + DEVICE, "merge keys"),
    device("alias_to_itself", DEVICE + "modes: &m {infer nchw: *m}\n", "refers to itself"),
    device("deep", "x: " + "[" * 60_000, "nested more than 24 levels"),
    device("deep_closed", "[" * 30_000 + "]" * 30_000, "nested more than 24 levels"),
    device("over_1_mib", DEVICE + "#" * (1 << 20), "larger than 1 MiB"),
    device("many_keys", DEVICE + "".join(f"k{n}: 1\n" for n in range(9_000)), "and 8,990 more"),
    device("empty", "", "a device is a mapping"),
    device("list", "[1]", "a device is a mapping"),
    device("two_documents", DEVICE + "---\n" + DEVICE, "a second one starts here"),
    device("duplicate", DEVICE + "memory_gib: 1\n", "duplicate key `memory_gib`"),
    device("list_key", "? [a]\n: 1\n" + DEVICE, "keys must be text"),
    device("nul", DEVICE + "a\0b: 1\n", "U+0000"),
    device("not_utf8", DEVICE.encode() + b"# \xff", "byte 0xff is not UTF-8"),
    device("syntax", "{title", "`{` is never closed"),
    device("escape_as_key", '"\\x1b[31mkey": 1\n' + DEVICE, "unknown key `\\x1b[31mkey`"),
    device("escape_as_mode", DEVICE + 'modes: {"\\x1b[31m": 1}\n', "unknown mode `\\x1b[31m`"),
    device("newline_as_key", '"x\\n::error::": 1\n' + DEVICE, "unknown key `x\\n::error::`"),
    device("title_list", DEVICE.replace("X", "[X]"), "`title` must be a text"),
    changed("number_of_5000_digits", "16", "9" * 5_000, "every reader"),
    changed("date", "16", "2026-13-45", "`memory_gib` must be a number above 0"),
    changed("octal", "16", "010", "every reader"),
    changed("infinite", "900", ".inf", "`bandwidth_gb_s` must be a number above 0"),
    changed("no_number", "900", ".nan", "`bandwidth_gb_s` must be a number above 0"),
    changed("overflow", "900", "1e400", "`bandwidth_gb_s` must be a number above 0"),
    changed("underflow", "900", "1e-400", "`bandwidth_gb_s` must be a number above 0"),
    changed("nearly_zero", "900", "1e-300", "`bandwidth_gb_s` must be a number above 0"),
    changed("huge", "100", "1e300", "`tensor_tflops` must be a number above 0"),
    changed("negative", "100", "-100", "`tensor_tflops` must be a number above 0"),
    changed("true", "100", "true", "`tensor_tflops` must be a number above 0"),
    changed("text", "100", "'100'", "`tensor_tflops` must be a number above 0"),
    device("like_list", DEVICE + "like: [a10]\n", "`like` must be one of"),
    device("like_path", DEVICE + "like: ../../../etc/passwd\n", "`like` must be one of"),
    device("reserve_number", DEVICE + "reserve: 5\n", "`reserve.gb` must be"),
    device("reserve_negative", DEVICE + "reserve: {gb: -1}\n", "`reserve.gb` must be"),
    device("modes_list", DEVICE + "modes: [1]\n", "`modes` must be a mapping"),
    device("mode_unknown", DEVICE + "modes: {__class__: {}}\n", "unknown mode `__class__`"),
    device("mode_null", DEVICE + "modes: {infer nchw: null}\n", "`modes.infer nchw` must be a mapping"),
    mode("prices_free", f"prices: {{{ZEROS}}}", "`modes.infer nchw.prices.macs` must be a number above 0"),
    mode("prices_negative", f"prices: {{{ZEROS.replace('macs: 0', 'macs: -1')}}}", "none below 0"),
    mode("prices_infinite", f"prices: {{{ZEROS.replace('macs: 0', 'macs: .inf')}}}", "must be numbers"),
    mode("prices_few", "prices: {macs: 1}", "`modes.infer nchw.prices` must have"),
    mode("prices_code", "prices: __import__", "`modes.infer nchw.prices` must have"),
    mode("factors_zero", "factors: {others: 0}", "must be numbers above 0"),
    mode("factors_unknown", "factors: {others: 1, __class__: 1}", "must have others"),
    mode("grouped_list", "grouped: [1]", "`modes.infer nchw.grouped` must be a mapping"),
    device("errors_missing", DEVICE + "modes: {infer nchw: {}}\n", "`modes.infer nchw.error_pct` must be a number"),
    command("missing", "no such file", "estimate", "spec.yaml", "--device", "missing.yaml"),
    command("folder", "it is a folder", "estimate", "spec.yaml", "--device", "."),
    command("endless", "not a regular file", "estimate", "spec.yaml", "--device", "/dev/zero"),
    command("terminal", "not a regular file", "estimate", "spec.yaml", "--device", "/dev/tty"),
    command("escape_as_path", "\\x1b[31m.yaml", "estimate", "spec.yaml", "--device", "\x1b[31m.yaml"),
]
