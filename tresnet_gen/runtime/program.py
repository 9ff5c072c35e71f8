"""A forward as a program: the aten calls in order, each with its arguments and the shape it puts out.

Arguments are written so that two programs can be compared: a number, a word, a tuple of them, or a `Tensor` by where
it comes from. A tensor that was overwritten is what the call that wrote it put out, so programs with the same calls
and the same arguments compute the same.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Shape = tuple[int, ...]

# Calls that compute nothing: memory to be written, and what autograd needs to save the result of an op in place.
_MEMORY = ("empty", "empty_like", "empty_strided", "new_empty")
_BOOKKEEPING = ("detach", "alias")


class Value(NamedTuple):
    """A tensor by where it comes from: the name of a parameter, buffer or input, or `%3` for the result of call 3.

    `part` counts the results of one call; a tensor that shares memory with one that call 5 wrote has `written` 5.
    """

    source: str
    part: int = 0
    written: int | None = None


IMAGES = Value("the images")
MEMORY = Value("new memory")


class Call(NamedTuple):
    """One aten call; `output` is the shape of its (first) result.

    `place` is the module in which the call was made, or for a predicted one the node it belongs to. `sequence` is the
    number of the autograd node that was made last.
    """

    op: Any
    arguments: Mapping[str, object]
    output: Shape
    place: str
    sequence: int = -1

    @property
    def kernel(self) -> str:
        """The op's name without overload: convolution, relu_."""
        return str(self.op._schema.name.partition("::")[2])


class Trace(NamedTuple):
    """The calls of a forward and the tensor it returns.

    Where it raised instead, `error` is what, and `failed` the call that did not return, if one was running.
    """

    calls: list[Call]
    output: Value | None
    error: Exception | None = None
    failed: Call | None = None


def trace(network: nn.Module, images: Tensor, train: bool) -> Trace:
    """Run a forward and return its calls; in training gradients are enabled."""
    recorder = Recorder(network.train(train), images)
    with places(network, recorder.path), torch.set_grad_enabled(train), recorder:
        try:
            output = network(images)
        except Exception as error:
            return Trace(recorder.calls, None, error, recorder.running)
    return Trace(recorder.calls, recorder.value(output))


def complete(op: Any, arguments: Mapping[str, object]) -> dict[str, object]:
    """Return arguments by name with the defaults of the op's schema filled in."""
    schema = op._schema.arguments
    return {a.name: arguments[a.name] if a.name in arguments else _plain(a.default_value) for a in schema}


def newest_node() -> int:
    """Return the sequence number of the autograd node that was made last."""
    return torch._C._autograd._get_sequence_nr() - 1


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Collects the calls of a forward; `path` holds the names of the modules that are running, innermost last."""

    def __init__(self, network: nn.Module, images: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []
        self.path = [""]
        self.running: Call | None = None
        self._train = network.training
        self._values: dict[int, tuple[Value, int]] = {}  # with the number of calls when it was made
        self._written: dict[int, int] = {}  # storage -> the last call that wrote it in place
        self._kept: list[Tensor] = []  # so that no address is used twice
        self._name(images, IMAGES)
        for name, tensor in (*network.named_parameters(), *network.named_buffers()):
            self._name(tensor, Value(name))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kernel = func._schema.name.partition("::")[2]
        if kernel in _MEMORY:
            output = func(*args, **(kwargs or {}))
            self._name(output, MEMORY)
        elif kernel in _BOOKKEEPING and self._train:
            output = func(*args, **(kwargs or {}))
            self._name(output, self.value(args[0]))
        else:
            output = self._record(func, args, kwargs or {})
        return output

    def _record(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        schema = func._schema.arguments
        given = {**{a.name: value for a, value in zip(schema, args, strict=False)}, **kwargs}
        arguments = {name: _plain(value, self.value) for name, value in given.items()}
        number, sequence = len(self.calls), newest_node()
        self.running = Call(func, complete(func, arguments), (), self.path[-1], sequence)
        output = func(*args, **kwargs)
        call, self.running = self.running, None
        results = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
        if not results:
            return output  # a question about a type or device
        self.calls.append(call._replace(output=tuple(results[0].shape)))
        for argument in schema:
            if argument.alias_info is not None and argument.alias_info.is_write:
                self._written[given[argument.name].untyped_storage()._cdata] = number
        for part, result in enumerate(results):
            self._name(result, Value(f"%{number}", part))
        return output

    def _name(self, tensor: Tensor, value: Value) -> None:
        self._kept.append(tensor)
        self._values[id(tensor)] = value, len(self.calls)

    def value(self, tensor: Tensor) -> Value:
        """Return where a tensor comes from."""
        if id(tensor) not in self._values:
            return Value("a tensor from elsewhere")
        value, made = self._values[id(tensor)]
        written = self._written.get(tensor.untyped_storage()._cdata, -1)
        return value._replace(written=written) if written >= made else value


def _plain(value: Any, tensor: Any = None) -> object:
    """Return an argument in a form that compares: lists as tuples, tensors by `tensor`, types of torch as words."""
    if isinstance(value, Tensor):
        return tensor(value)
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item, tensor) for item in value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


@contextlib.contextmanager
def places(network: nn.Module, path: list[str]) -> Iterator[None]:
    """Keep the names of the running modules in `path`."""

    def leave(*_: object) -> None:
        path.pop()

    hooks = []
    for name, module in network.named_modules():
        hooks.append(module.register_forward_pre_hook(lambda _, __, name=name: path.append(name)))
        hooks.append(module.register_forward_hook(leave))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
