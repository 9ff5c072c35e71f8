"""Pickles of one tensor with a part replaced, opcodes that torch.save never writes, and safetensors headers."""

import struct
from collections.abc import Callable
from pathlib import Path

from tests.convert.hostile import MARK, NOTHING_KNOWN, Case, pickled, raw, safetensors, tensor

DAMAGED = "damaged"
OTHERWISE = "pickled as torch.save does not: "


def text(content: bytes) -> bytes:
    """Return the opcode of a text."""
    return b"X" + struct.pack("<I", len(content)) + content


def storage(key: bytes = b"0") -> bytes:
    """Return the opcodes of a storage of two numbers."""
    return b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(key) + text(b"cpu") + b"K\x02tQ"


def one(
    name: bytes = b"w",
    stored: bytes = storage(),
    offset: bytes = b"K\0",
    size: bytes = b"K\x02\x85",
    stride: bytes = b"K\x01\x85",
    hooks: bytes = b"ccollections\nOrderedDict\n)R",
    **members: bytes,
) -> Callable[[Path], object]:
    """Return an archive of one tensor, of which each part is given by its opcodes."""
    call = b"ctorch._utils\n_rebuild_tensor_v2\n("
    body = b"\x80\x02}" + text(name) + call + stored + offset + size + stride + b"\x89" + hooks + b"tRs."
    return pickled(body, **{"a/data/0": b"\0" * 8, **{f"a/{key}": data for key, data in members.items()}})


def opcodes(body: bytes) -> Callable[[Path], object]:
    return pickled(b"\x80\x02" + body)


def integer(value: int) -> bytes:
    return b"\x8a\x10" + value.to_bytes(16, "little", signed=True)


def described(entry: str) -> Callable[[Path], object]:
    return safetensors(f'{{"w":{{"dtype":"F32",{entry}}}}}'.encode(), b"\0" * 4)


CASES = [
    Case("one.pth", one(), NOTHING_KNOWN),  # whole, as far as it goes
    Case("offset_negative.pth", one(offset=integer(-1)), DAMAGED),
    Case("offset_2_to_the_62.pth", one(offset=integer(1 << 62)), DAMAGED),
    Case("stride_negative.pth", one(stride=integer(-1) + b"\x85"), DAMAGED),
    Case("size_negative.pth", one(size=integer(-1) + b"\x85"), DAMAGED),
    Case("size_2_to_the_120.pth", one(size=integer(1 << 120) + b"\x85"), DAMAGED),
    Case("size_fraction.pth", one(size=b"G?\xf0\0\0\0\0\0\0\x85"), DAMAGED),
    Case("size_number.pth", one(size=b"K\x02"), DAMAGED),
    Case("size_true.pth", one(size=b"\x88\x85"), DAMAGED),
    Case(
        "dimensions.pth",
        one(size=b"(" + b"K\1" * 60_000 + b"t", stride=b"(" + b"K\1" * 60_000 + b"t"),
        NOTHING_KNOWN,
    ),
    Case("more_strides.pth", one(stride=b"K\1K\1\x86"), DAMAGED),
    Case("overlapping_rows.pth", one(size=b"K\2K\2\x86", stride=b"K\0K\1\x86"), "w claims 2 x 2 elements"),
    Case("storage_none.pth", one(stored=b"N"), DAMAGED),
    Case("storage_path.pth", one(stored=storage(b"../../../etc/passwd")), DAMAGED),
    Case("storage_missing.pth", one(stored=storage(b"9")), DAMAGED),
    Case("storage_nul.pth", one(stored=storage(b"\0")), DAMAGED),
    Case("hooks_code.pth", one(hooks=b"cos\nmkdir\n" + text(MARK.encode()) + b"\x85R"), "holds os.mkdir"),
    Case("name_surrogate.pth", one(name=b"\xed\xa0\x80"), "(\\ud800, ...)"),
    Case("name_empty.pth", one(name=b""), NOTHING_KNOWN),
    Case("name_newline.pth", one(name=b"a\n::error::b"), "(a\\n::error::b, ...)"),
    Case("byte_order.pth", one(byteorder=b"\x1b[31m"), DAMAGED),
    Case("two_pickles.pth", one(**{"b/data.pkl": b"\x80\x02}."}), "a zip archive without one data.pkl"),
    Case("persistent_text.pth", opcodes(text(b"a") + b"Q."), OTHERWISE + "BINPERSID"),
    Case("persistent_module.pth", opcodes(b"(" + text(b"module") + b"cos\nmkdir\nNNtQ."), "holds os.mkdir"),
    Case("extension.pth", opcodes(b"\x82\x01."), OTHERWISE + "EXT1"),
    Case("object.pth", opcodes(b"(cos\nmkdir\n" + text(MARK.encode()) + b"o."), "holds os.mkdir"),
    Case("new_object.pth", opcodes(b"cos\nmkdir\n)\x81."), "holds os.mkdir"),
    Case("memo_2_to_the_31.pth", opcodes(b"}r\xff\xff\xff\x7f."), "no state dict"),
    Case("memo_unknown.pth", opcodes(b"h\x05."), DAMAGED),
    Case("no_stop.pth", opcodes(b"}"), DAMAGED),
    Case("pop.pth", opcodes(b"0."), OTHERWISE + "POP"),
    Case("mark.pth", opcodes(b"(."), DAMAGED),
    Case("text_of_2_gib.pth", opcodes(b"X\xff\xff\xff\x7fa."), DAMAGED),
    Case("bytes_of_2_to_the_60.pth", opcodes(b"\x8e" + struct.pack("<Q", 1 << 60) + b"a."), DAMAGED),
    Case(
        "integer_of_a_mebibyte.pth",
        opcodes(b"\x8b" + struct.pack("<i", 1 << 20) + b"\x7f" * (1 << 20) + b"."),
        OTHERWISE + "LONG4",
    ),
    Case("integer_of_minus_5.pth", opcodes(b"\x8b" + struct.pack("<i", -5) + b"."), DAMAGED),
    Case("global_escape.pth", opcodes(b"c\x1b[31m\nmkdir\n."), "\\x1b[31m.mkdir"),
    Case("global_long.pth", opcodes(b"c" + b"a" * 100_000 + b"\nmkdir\n."), "holds aaaa"),
    Case("start_of_zip.pth", raw(b"PK\x03\x04" + b"\0" * 100), DAMAGED),
    Case("end_of_zip.pth", raw(b"PK\x05\x06" + b"\0" * 18), "neither a file of torch.save nor"),
    Case("shape_fraction.safetensors", described('"shape":[1.5],"data_offsets":[0,4]'), DAMAGED),
    Case("shape_nan.safetensors", described('"shape":[NaN],"data_offsets":[0,4]'), DAMAGED),
    Case("shape_long.safetensors", safetensors({"w": tensor([1] * 100_000)}, b"\0" * 4), NOTHING_KNOWN),
    Case("offset_negative.safetensors", described('"shape":[1],"data_offsets":[-4,0]'), DAMAGED),
    Case("offset_2_to_the_64.safetensors", described(f'"shape":[1],"data_offsets":[0,{1 << 64}]'), DAMAGED),
    Case("offsets_swapped.safetensors", safetensors({"w": tensor([1], 4, 0)}, b"\0" * 4), DAMAGED),
    Case("hole.safetensors", safetensors({"w": tensor([1], 4, 8)}, b"\0" * 8), DAMAGED),
    Case("trailing.safetensors", safetensors({"w": tensor([1])}, b"\0" * 400), DAMAGED),
    Case("metadata_number.safetensors", safetensors({"__metadata__": {"a": 1}, "w": tensor([1])}, b"\0" * 4), DAMAGED),
    Case("name_escape.safetensors", safetensors({"\x1b[31m\u202e": tensor([1])}, b"\0" * 4), "(\\x1b[31m\\u202e, ...)"),
    Case("name_surrogate.safetensors", safetensors({"\ud800": tensor([1])}, b"\0" * 4), DAMAGED),
    Case("header_null.safetensors", safetensors(b"null"), "neither a file of torch.save nor"),
    Case("header_list.safetensors", safetensors(b"[]"), "neither a file of torch.save nor"),
    Case("header_of_nothing.safetensors", raw(b"\0" * 8), "neither a file of torch.save nor"),
]
