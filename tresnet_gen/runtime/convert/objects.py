"""Follows a pickle without making anything, and refuses it unless unpickling is cheap and gives tensors.

torch unpickles with weights_only=True, which runs no code, but what it does make can be of any size or take any time:
a `bytearray` of a number, copies of copies, hashes of tuples of tuples. Here only opcodes are known that torch.save
writes, what is copied was made for that copy alone, and keys are atoms, so unpickling takes as long as the pickle is.
"""

import io
import pickletools
from typing import NamedTuple

from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.runtime.convert import CheckpointError

MAX_OPCODES = 500_000  # a tensor takes some 25

KINDS = ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
STORAGES = frozenset(f"torch {kind}Storage" for kind in KINDS)
ORDERED, COUNTER = "collections OrderedDict", "collections Counter"
REBUILDERS = frozenset(f"torch._utils _rebuild_{what}" for what in ("tensor", "tensor_v2", "parameter"))

NUMBERS = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "NEWTRUE", "NEWFALSE"})
ATOMS = NUMBERS | {"NONE", "BINUNICODE", "SHORT_BINSTRING"}
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Value(NamedTuple):
    """What is known of a value: its kind, and whether it is new and nothing else refers to it.

    `name` is a global's, `parts` are the kinds in a tuple.
    """

    kind: str
    alone: bool = True
    name: str = ""
    parts: tuple[str, ...] = ()


ATOM, DICT, OBJECT, MARK = (_Value(kind) for kind in ("atom", "dict", "object", "mark"))


class _UnknownFormError(Exception):
    """An opcode, or values for it, that torch.save does not write."""


def scan(pickle: io.BytesIO) -> None:
    """Refuse a pickle that makes anything but tensors in plain containers, or takes long; nothing is unpickled.

    Raises:
        CheckpointError: naming the first thing that is something else.
    """
    machine = _Machine()
    opcodes = pickletools.genops(pickle)
    for number in range(MAX_OPCODES):
        try:
            opcode, argument, _ = next(opcodes)
            if opcode.name == "STOP":
                return
            machine.step(opcode.name, argument)
        except CheckpointError:
            raise
        except _UnknownFormError as error:
            raise CheckpointError(f"pickled as torch.save does not: {opcode.name}, opcode {number:,}") from error
        except Exception as error:  # pickletools raises what its readers do, a stack may be empty
            raise CheckpointError("damaged, or no checkpoint: its objects cannot be read") from error
    raise CheckpointError(f"more than {MAX_OPCODES:,} opcodes of objects: not the state of a network")


class _Machine:
    """A pickle's stack and memo, with what is known of each value in its place."""

    def __init__(self) -> None:
        self.stack: list[_Value] = []
        self.memo: dict[int, _Value] = {}

    def step(self, name: str, argument: object) -> None:
        """Run one opcode."""
        if name in ATOMS:
            self.stack.append(ATOM)
        elif name in ("BINPUT", "LONG_BINPUT"):
            assert isinstance(argument, int)
            self.memo[argument] = self.stack[-1]._replace(alone=False)
        elif name in ("BINGET", "LONG_BINGET"):
            assert isinstance(argument, int)
            self.stack.append(self.memo[argument])
        elif name in TUPLES:
            self._push_tuple([self.stack.pop() for _ in range(TUPLES[name])])
        elif name == "GLOBAL":
            self.stack.append(_Value("global", name=_known(str(argument))))
        elif name != "PROTO":
            getattr(self, f"_{name.lower()}", _unknown)()

    def _push_tuple(self, values: list[_Value]) -> None:
        self.stack.append(_Value("tuple", all(v.alone for v in values), parts=tuple(v.kind for v in values)))

    def _to_mark(self) -> list[_Value]:
        """Pop the values above the last mark, and the mark."""
        values = []
        while (value := self.stack.pop()) is not MARK:
            values.append(value)
        return values[::-1]

    def _mark(self) -> None:
        self.stack.append(MARK)

    def _empty_dict(self) -> None:
        self.stack.append(DICT)

    def _empty_list(self) -> None:
        self.stack.append(OBJECT)

    def _tuple(self) -> None:
        self._push_tuple(self._to_mark())

    def _append(self) -> None:
        self.stack.pop()

    def _appends(self) -> None:
        self._to_mark()

    def _setitem(self) -> None:
        self.stack.pop()
        _require(self.stack.pop().kind == "atom")

    def _setitems(self) -> None:
        _require(all(key.kind == "atom" for key in self._to_mark()[::2]))

    def _binpersid(self) -> None:
        """Make a storage, which is known by a tuple of atoms and the storage's class."""
        _require(set(self.stack.pop().parts) == {"atom", "global"})
        self.stack.append(OBJECT)

    def _build(self) -> None:
        """Give an object attributes, copied from a dict."""
        state = self.stack.pop()
        _require(state.kind == "dict" and state.alone)

    def _reduce(self) -> None:
        """Call a global with a tuple of arguments."""
        arguments, function = self.stack.pop(), self.stack.pop()
        _require(arguments.kind == "tuple")
        if function.name == ORDERED:
            _require(not arguments.parts)
            self.stack.append(DICT)
            return
        copies = function.name == COUNTER
        _require((copies and arguments.parts == ("dict",) and arguments.alone) or function.name in REBUILDERS)
        self.stack.append(OBJECT)


def _unknown() -> None:
    raise _UnknownFormError


def _require(condition: bool) -> None:
    if not condition:
        raise _UnknownFormError


def _known(name: str) -> str:
    """Return the name of a global that belongs to tensors and containers; refuse any other."""
    if name in (ORDERED, COUNTER) or name in STORAGES or name in REBUILDERS:
        return name
    shown = printable(name.replace(" ", ".", 1), 120)
    if name.startswith(("torch.nn.", "__torch__")):
        raise CheckpointError(f"a whole module ({shown}), not a state dict; save `model.state_dict()` instead")
    raise CheckpointError(f"holds {shown}; only tensors of real numbers in plain containers are read: save these alone")
