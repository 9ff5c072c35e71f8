"""Checkpoints made to run code, take memory or break a terminal, written when they are asked for."""

import io
import json
import os
import pickle
import re
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

MARK = "executed_by_a_checkpoint"
STEM = "body.conv1.conv.weight"


class Case(NamedTuple):
    """A file and what is said about it; `code` is the exit code of converting it for TResNet-M."""

    name: str
    write: Callable[[Path], object]
    says: str
    code: int = 1
    options: tuple[str, ...] = ()


class Payload:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, (MARK,)


class Calls:
    """Calls something when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def saved(content: Any, zipped: bool = True) -> Callable[[Path], object]:
    return lambda path: torch.save(content, path, _use_new_zipfile_serialization=zipped)


def raw(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def edited(content: Any, edit: Callable[[bytes], bytes], zipped: bool = True) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        out = io.BytesIO()
        torch.save(content, out, _use_new_zipfile_serialization=zipped)
        path.write_bytes(edit(out.getvalue()))

    return write


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, data in members.items():
                file.writestr(name, data)

    return write


def pickled(data: bytes, **members: bytes) -> Callable[[Path], object]:
    """Return a zip archive as torch.save writes it with a pickle of its own."""
    return archive({"a/data.pkl": data, "a/version": b"3\n", "a/byteorder": b"little", **members})


def many_members(path: Path) -> None:
    """An archive whose directory alone has 20 MB."""
    with zipfile.ZipFile(path, "w") as file:
        for number in range(150_000):
            file.writestr(f"a/data/{number:080}", b"")


def overlapping(path: Path) -> None:
    """A thousand directory entries for one member of 1 MB."""
    archive({"a/data.pkl": pickle.dumps({}, 2), "a/x": b"x" * (1 << 20)})(path)
    data = path.read_bytes()
    start = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    head = data[:start] + entry * 1000
    directory = head[data.index(b"PK\x01\x02") :]
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1001, 1001, len(directory), data.index(b"PK\x01\x02"), 0)
    path.write_bytes(head + tail)


def safetensors(header: Any, data: bytes = b"", length: int | None = None) -> Callable[[Path], object]:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return raw(struct.pack("<Q", len(text) if length is None else length) + text + data)


def tensor(shape: list[int], start: int = 0, end: int = 4, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def longer(pickle: bytes) -> bytes:
    """Claim 2^40 elements for the one storage of two."""
    claimed, count = re.subn(
        rb"(cpuq.)K\x02", lambda match: match[1] + b"\x8a\x06" + (1 << 40).to_bytes(6, "little"), pickle
    )
    assert count == 1
    return claimed


def claiming(path: Path) -> None:
    """A zip archive with a storage that is longer than its member."""
    torch.save({"w": torch.zeros(2)}, path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    archive({name: longer(data) if name.endswith("data.pkl") else data for name, data in members.items()})(path)


def bomb(member: str) -> Callable[[Path], object]:
    """Return an archive of some 260 kB with a member of 256 MiB."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("a/version", b"3\n")
            with file.open(member, "w") as part:
                for _ in range(256):
                    part.write(b"\0" * (1 << 20))

    return write


NOTHING_KNOWN = "none of"
ENCODE = b"\x80\x02c_codecs\nencode\n"
COUNTS = b"\x80\x02ccollections\nCounter\nq\x00"
ORDER = b"\x80\x02ccollections\nOrderedDict\n"
CASES = [
    # Code.
    Case("code_in_zip.pth", saved({"state_dict": {"w": torch.zeros(2)}, "x": Payload()}), "holds posix.mkdir"),
    Case("code_in_legacy.pth", saved({"x": Payload()}, zipped=False), "holds posix.mkdir"),
    Case("plain_pickle.pth", raw(pickle.dumps(Payload())), "neither a file of torch.save nor a safetensors file"),
    Case("pickle_protocol_0.pth", raw(pickle.dumps(Payload(), 0)), "neither a file of torch.save"),
    Case("code_by_stack.pth", pickled(pickle.dumps(Payload(), 4)), "pickled as torch.save does not: FRAME"),
    Case("code_by_inst.pth", pickled(b"(S'%s'\nios\nmkdir\n." % MARK.encode()), "pickled as torch.save does not: "),
    Case("whole_module.pth", saved(nn.Linear(2, 2)), "a whole module (torch.nn.modules.linear.Linear)"),
    Case(
        "second_legacy_pickle.pth",
        edited({}, lambda data: data[:15] + pickle.dumps(Payload(), 2), zipped=False),
        "holds posix.mkdir",
    ),
    Case("script.pth", pickled(b"\x80\x02c__torch__.net\nNet\n)\x81."), "a whole module (__torch__.net.Net)"),
    Case(
        "yaml_in_metadata.safetensors",
        safetensors(
            {"__metadata__": {"spec": f"!!python/object/apply:os.mkdir ['{MARK}']"}, "w": tensor([1])}, b"\0" * 4
        ),
        NOTHING_KNOWN,
    ),
    Case("slip.pth", archive({f"../../{MARK}": b"x"}), "a zip archive without one data.pkl"),
    # Memory.
    Case(
        "expanded.pth",
        saved({"w": torch.zeros(1).expand(1 << 40)}),
        "w claims 1099511627776 elements, of which 4 bytes are stored",
    ),
    Case(
        "expanded_stem.pth",
        saved({STEM: torch.zeros(1).expand(64, 48, 3, 3)}),
        f"{STEM} claims 64 x 48 x 3 x 3 elements",
    ),
    Case("claims_more.pth", claiming, NOTHING_KNOWN),  # it is cut off where the file ends
    Case("claims_more_in_legacy.pth", edited({"w": torch.zeros(2)}, longer, zipped=False), "damaged"),
    Case("bytearray.pth", pickled(pickle.dumps(Calls(bytearray, 1 << 36), 2)), "holds __builtin__.bytearray"),
    Case("empty_tensor.pth", pickled(pickle.dumps(Calls(torch.Tensor, 1 << 34), 2)), "holds torch.Tensor"),
    Case("bomb.pth", bomb("a/data.pkl"), "compressed"),
    Case("bomb_beside.pth", bomb("a/data/0"), "compressed"),
    Case("long_pickle.pth", pickled(b"\x80\x02" + b"}" * (9 << 20) + b"."), "bytes beside the tensors"),
    Case("many_objects.pth", pickled(b"\x80\x02" + b"}" * (4 << 20) + b"."), "more than 500,000 opcodes"),
    Case("many_dicts.pth", pickled(b"\x80\x02" + b"}" * 499_000 + b"."), "no state dict"),
    Case("set.pth", saved({"w": {1, 2}}), "holds __builtin__.set"),
    Case(
        "bytes_of_bytes.pth", pickled(ENCODE + b"X\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R."), "holds _codecs.encode"
    ),
    Case("copy_of_a_copy.pth", pickled(COUNTS + b"}K\x01K\x01s" + b"\x85Rh\x00\x85R."), "opcode"),
    Case("copies.pth", pickled(COUNTS + b"}q\x01K\x01K\x01s\x85R" + b"h\x00h\x01\x85R" * 90_000 + b"."), "opcode"),
    Case("attributes.pth", pickled(ORDER + b")R}q\x01K\x01K\x01s" + b"h\x01b" * 90_000 + b"."), "opcode"),
    Case("tuples_as_key.pth", pickled(b"\x80\x02})" + b"q\x01h\x01\x86" * 60 + b"K\x01s."), "SETITEM, opcode"),
    Case("deep_key.pth", pickled(b"\x80\x02})" + b"\x85" * 400_000 + b"K\x01s."), "SETITEM, opcode"),
    Case("deep_keys.pth", pickled(b"\x80\x02}()" + b"\x85" * 400_000 + b"K\x01u."), "SETITEMS, opcode"),
    Case("deep_storage.pth", pickled(b"\x80\x02)" + b"\x85" * 400_000 + b"Q."), "BINPERSID, opcode"),
    Case("deep_lists.pth", pickled(b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b"."), "no state dict"),
    Case("many_members.pth", many_members, "bytes beside the tensors"),
    Case("overlapping.pth", overlapping, "larger together than the file"),
    Case(
        "long_header.safetensors",
        safetensors(b"{}", length=(1 << 63) - 1),
        "a header of 9,223,372,036,854,775,807 bytes",
    ),
    Case("large_header.safetensors", safetensors(b"{" + b" " * (20 << 20) + b"}"), "more than 4,194,304 are not read"),
    Case(
        "many_tensors.safetensors",
        safetensors({f"{number:06}": tensor([0], 0, 0) for number in range(50_000)}),
        NOTHING_KNOWN,
    ),
    Case("overflow.safetensors", safetensors({"w": tensor([1 << 40, 1 << 40])}, b"\0" * 4), "damaged"),
    Case("deep.safetensors", safetensors(b'{"w":' + b"[" * 5000 + b"]" * 5000 + b"}"), "damaged"),
    # Damage.
    Case("empty.pth", raw(b""), "the file is empty"),
    Case("text.pth", raw(b"state_dict\n"), "neither a file of torch.save nor a safetensors file"),
    Case("half.pth", edited({STEM: torch.zeros(64, 48, 3, 3)}, lambda data: data[: len(data) // 2]), "damaged"),
    Case(
        "half_legacy.pth",
        edited({STEM: torch.zeros(64, 48, 3, 3)}, lambda data: data[: len(data) // 2], zipped=False),
        "damaged",
    ),
    Case("legacy_cut_in_pickle.pth", edited({STEM: torch.zeros(2)}, lambda data: data[:120], zipped=False), "damaged"),
    Case("no_storage.pth", pickled(pickle.dumps({"w": 1}, 2)), "no state dict"),
    Case("negative.safetensors", safetensors({"w": tensor([-1])}, b"\0" * 4), "damaged"),
    Case("outside.safetensors", safetensors({"w": tensor([1], 0, 400)}, b"\0" * 4), "damaged"),
    Case("overlap.safetensors", safetensors({"v": tensor([1]), "w": tensor([1])}, b"\0" * 4), "damaged"),
    Case("dtype.safetensors", safetensors({"w": tensor([1], dtype="F33")}, b"\0" * 4), "damaged"),
    Case("not_utf8.safetensors", safetensors(b'{"\xff\xfe":1}'), "damaged"),
    Case("short_header.safetensors", safetensors(b"{", length=100), "damaged: a header of 100 bytes in a file of 9"),
    # What is no state dict, or not one of this network.
    Case("list.pth", saved([torch.zeros(2)]), "no state dict, which maps names to tensors, but a list"),
    Case("tensor.pth", saved(torch.zeros(2)), "no state dict"),
    Case("numbers.pth", saved({1: torch.zeros(2)}), "no state dict"),
    Case(
        "nested.pth",
        saved(OrderedDict(model={"state_dict": {"model": {"state_dict": {"w": torch.zeros(1)}}}})),
        "no state dict",
    ),
    Case(
        "unknown.pth",
        saved({f"body.x{number}": torch.zeros(1) for number in range(50)}),
        "none of 50 tensors has a name of tresnet_m's (body.x0, body.x1, body.x2, ...)",
    ),
    Case(
        "odd_names.pth",
        saved({"../../etc/x": torch.zeros(1), "a\n__import__('os')": torch.zeros(1), "\x1b[2J": torch.zeros(1)}),
        r"(../../etc/x, a\n__import__('os'), \x1b[2J, ...)",
    ),
    Case(
        "odd_name_left_over.pth",
        saved({STEM: torch.zeros(64, 48, 3, 3), "\x1b[2J\u202e": torch.zeros(1)}),
        r"  \x1b[2J\u202e  1",
    ),
    Case(
        "long_name.pth",
        saved({STEM: torch.zeros(64, 48, 3, 3), "x" * 5000: torch.zeros(1)}),
        "a name of 5,000 characters",
    ),
    Case(
        "odd_key.pth",
        saved({"\x1b[2J": {"w": torch.zeros(1)}, "b": {"w": torch.zeros(1)}}),
        r"choose one with --key: \x1b[2J, b",
    ),
    Case("sparse.pth", saved({STEM: torch.zeros(64, 48).to_sparse()}), "holds torch._utils._rebuild_sparse_tensor"),
    Case(
        "complex.pth",
        saved({STEM: torch.zeros(64, 48, 3, 3, dtype=torch.complex64)}),
        "holds torch.ComplexFloatStorage",
    ),
    Case(
        "quantized.pth", pickled(b"\x80\x02ctorch._utils\n_rebuild_qtensor\n."), "holds torch._utils._rebuild_qtensor"
    ),
    Case(
        "wrong_shape.pth", saved({STEM: torch.zeros(64, 3, 7, 7)}), f"  {STEM}  64 x 3 x 7 x 7, needed 64 x 48 x 3 x 3"
    ),
    Case("no_elements.pth", saved({STEM: torch.zeros(0, 48, 3, 3)}), f"  {STEM}  0 x 48 x 3 x 3, needed"),
    Case(
        "nan.pth", saved({STEM: torch.full((64, 48, 3, 3), float("nan"))}), f"warning: NaN in {STEM}", 0, ("--partial",)
    ),
    Case(
        "float8.safetensors",
        safetensors({STEM: tensor([64, 48, 3, 3], 0, 27648, "F8_E4M3")}, b"\0" * 27648),
        f"{STEM} holds float8_e4m3fn numbers",
        1,
        ("--partial",),
    ),
]
