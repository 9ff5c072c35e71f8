"""What a graph says about its emitted module beside what torch measured."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tresnet_gen.runtime.program import Call, Shape, Trace, Value


class Claim(NamedTuple):
    """A figure of the graph and the same one measured; `difference` names what differs first, "" where they agree."""

    name: str
    predicted: int | str
    measured: int | str
    difference: str = ""

    @property
    def holds(self) -> bool:
        """Whether torch measured what the graph says."""
        return not self.difference


def figure(name: str, predicted: int, measured: int, where: str = "") -> Claim:
    """Return the claim of one number."""
    difference = f"{where}{measured:,}, predicted {predicted:,}" if predicted != measured else ""
    return Claim(name, predicted, measured, difference)


def entries(name: str, predicted: Sequence[tuple[str, Shape]], measured: Sequence[tuple[str, Shape]]) -> Claim:
    """Return the claim of an ordered list of names and shapes."""
    difference = ""
    for (name_, shape), (seen, seen_shape) in zip(predicted, measured, strict=False):
        if name_ != seen:
            difference = difference or f"{seen} stands where {name_} is predicted"
        elif shape != seen_shape:
            difference = difference or f"{name_} is {by(seen_shape)}, predicted {by(shape)}"
    if not difference and len(predicted) != len(measured):
        longer, what = (predicted, "is missing") if len(predicted) > len(measured) else (measured, "is not predicted")
        difference = f"{longer[min(len(predicted), len(measured))][0]} {what}"
    return Claim(name, len(predicted), len(measured), difference)


def figures(name: str, predicted: Mapping[str, int], measured: Mapping[str, int], what: str) -> Claim:
    """Return the claim of a number each for several layers."""
    for layer in dict.fromkeys((*predicted, *measured)):
        if predicted.get(layer, 0) != measured.get(layer, 0):
            seen, said = measured.get(layer, 0), predicted.get(layer, 0)
            return Claim(name, len(predicted), len(measured), f"{layer}: {seen:,} {what}, predicted {said:,}")
    return Claim(name, len(predicted), len(measured))


def program(name: str, predicted: Trace, measured: Trace) -> Claim:
    """Return the claim of the calls of a forward."""
    difference = _program_difference(predicted, measured)
    return Claim(name, len(predicted.calls), len(measured.calls), difference)


def _program_difference(predicted: Trace, measured: Trace) -> str:
    """Return where two forwards part."""
    calls = predicted.calls
    for said, seen in zip(calls, measured.calls, strict=False):
        if difference := _call_difference(said, seen, calls):
            return difference
    if len(calls) > len(measured.calls):
        return _missing_call(calls[len(measured.calls)], measured, calls)
    if len(calls) < len(measured.calls):
        return f"{measured.calls[len(calls)].kernel} runs behind the last op"
    if measured.error:
        return f"behind the last op: {in_words(measured.error)}"
    if measured.output != predicted.output:
        return f"the network returns {_shown(measured.output, calls)}, predicted {_shown(predicted.output, calls)}"
    return ""


def _missing_call(missing: Call, measured: Trace, predicted: Sequence[Call]) -> str:
    """Return why a forward ends before a call."""
    if measured.failed:
        failed = measured.failed._replace(output=missing.output)
        if difference := _call_difference(missing, failed, predicted):
            return difference
    why = in_words(measured.error) if measured.error else f"{missing.kernel} is missing"
    return f"{missing.place}: {why}"


def _call_difference(said: Call, seen: Call, predicted: Sequence[Call]) -> str:
    """Return how a call differs from what is predicted."""
    if said.op is not seen.op:
        return f"{said.place}: {_name(seen, said)} runs, predicted {_name(said, seen)}"
    for name, value in said.arguments.items():
        if seen.arguments[name] != value:
            shown, wanted = _shown(seen.arguments[name], predicted), _shown(value, predicted)
            return f"{said.place}: {said.kernel} has {name} {shown}, predicted {wanted}"
    if said.output != seen.output:
        return f"{said.place}: {said.kernel} puts out {by(seen.output)}, predicted {by(said.output)}"
    if not f"{said.place}.".startswith(f"{seen.place}.".lstrip(".")):
        return f"{said.place}: {said.kernel} runs inside {seen.place}"
    return ""


def _name(call: Call, other: Call) -> str:
    """Return the name of a call's op, with its overload where another has the same name."""
    return str(call.op).removeprefix("aten.") if call.kernel == other.kernel else call.kernel


def _shown(value: object, predicted: Sequence[Call]) -> str:
    """Return an argument in words; results of calls by the layer that made them."""
    if not isinstance(value, Value):
        return str(value)
    source = value.source
    if source.startswith("%"):
        source = f"the output of {_call_name(int(source[1:]), predicted)}"
    if value.part:
        source = f"part {value.part} of {source}"
    return source if value.written is None else f"{source} that {_call_name(value.written, predicted)} overwrote"


def _call_name(number: int, predicted: Sequence[Call]) -> str:
    call = predicted[number]
    last = number + 1 == len(predicted) or predicted[number + 1].place != call.place
    return call.place if last else f"{call.kernel} in {call.place}"


def in_words(error: Exception) -> str:
    """Return what was raised, on one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def by(shape: Shape) -> str:
    """Return a shape as text."""
    return " x ".join(map(str, shape)) or "a scalar"
