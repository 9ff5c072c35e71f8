"""Reads the tensors of a checkpoint by name: files of torch.save and safetensors, without what they are wrapped in."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.graph.ops import Shape
from tresnet_gen.runtime.convert import CheckpointError, PackageError, safetensors
from tresnet_gen.runtime.convert.archive import damaged, inspect

WRAPPERS = (
    "state_dict",
    "model",
    "model_state_dict",
    "net",
    "network",
)  # keys of a state dict in a dict, likeliest first
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")  # of every name, from what wrapped the network
LONGEST_NAME = 4096
SAFE_TORCH = "2.6"  # before it torch.load ran code from tar archives, weights_only or not: CVE-2025-32434


class Checkpoint(NamedTuple):
    """The tensors of a checkpoint.

    `key` is where in the file they stood, `others` where other state dicts do, `prefix` what all names began with.
    """

    tensors: dict[str, Tensor]
    key: str | None
    others: tuple[str, ...]
    prefix: str

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of each tensor."""
        return {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}


def read(path: str, key: str | None = None) -> Checkpoint:
    """Return the tensors of a file; data stays on disk where the form of the file allows.

    Args:
        path: A file of torch.save or safetensors, whatever its name ends in.
        key: Which state dict of a file that holds several.

    Raises:
        CheckpointError: when no weights can be taken from the file.
        OSError: when it cannot be read.
        PackageError: for a safetensors file without that package, for others with a torch that reads them unsafely.
    """
    form = inspect(path)
    found = _safetensors(path) if form == "safetensors" else _torch(path, mapped=form == "zip")
    tensors, key, others = _unwrapped(found, key)
    _refuse_claims(tensors)
    prefix = _prefix(tensors)
    return Checkpoint({name.removeprefix(prefix): value for name, value in tensors.items()}, key, others, prefix)


def _torch(path: str, mapped: bool) -> Any:
    if TorchVersion(torch.__version__) < SAFE_TORCH:  # a file can be an archive to torch and pickles to `inspect`
        shown = printable(str(torch.__version__), 40)
        raise PackageError(
            f"torch {shown} can be made to run code by files of torch.save (CVE-2025-32434): "
            "install torch 2.6 or later, or use a safetensors file"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError as error:
        if error.filename:
            raise
        raise damaged(error) from error
    except Exception as error:  # torch raises whatever its reader trips over
        raise damaged(error) from error


def _safetensors(path: str) -> dict[str, Tensor]:
    package = safetensors("safetensors")
    try:
        with package.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no dict
    except (package.SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise damaged(error) from error


def _unwrapped(found: Any, key: str | None) -> tuple[dict[str, Tensor], str | None, tuple[str, ...]]:
    """Return the tensors of a state dict, or of the one that is meant among a dict's values."""
    states = {name: state for name, value in found.items() if (state := _state(value))} if _is_named(found) else {}
    names = [*(name for name in WRAPPERS if name in states), *(name for name in states if name not in WRAPPERS)]
    if key is not None and key not in states:
        raise CheckpointError(f"no state dict `{printable(key)}`; {_choices(names)}")
    if key is None and (tensors := _state(found)) and not (names and names[0] in WRAPPERS):
        return tensors, None, tuple(names)
    if not names:
        raise CheckpointError(f"no state dict, which maps names to tensors, but {_described(found)}")
    if key is None and len(names) > 1 and names[0] not in WRAPPERS:
        raise CheckpointError(f"which state dict is meant? {_choices(names)}")
    chosen = names[0] if key is None else key
    return states[chosen], chosen, tuple(name for name in names if name != chosen)


def _is_named(found: Any) -> bool:
    return isinstance(found, Mapping) and all(isinstance(name, str) for name in found)


def _state(found: Any) -> dict[str, Tensor]:
    """Return the tensors of a mapping of names, none for anything else."""
    if not _is_named(found):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, Tensor)}


def _choices(names: list[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:10])
    return f"choose one with --key: {shown}" if names else "the file has none"


def _described(found: Any) -> str:
    if isinstance(found, Mapping):
        return f"a dict of {', '.join(printable(str(name)) for name in list(found)[:5]) or 'nothing'}"
    return f"a {type(found).__name__}"


def _refuse_claims(tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors of more elements than are stored, which a copy would have to make room for."""
    for name, tensor in tensors.items():
        if len(name) > LONGEST_NAME:
            raise CheckpointError(f"a name of {len(name):,} characters")
        stored = tensor.untyped_storage().nbytes()
        if tensor.numel() * tensor.element_size() > stored:
            shape = " x ".join(map(str, tensor.shape))
            raise CheckpointError(
                f"{printable(name, 120)} claims {shape} elements, of which {stored:,} bytes are stored"
            )


def _prefix(tensors: Mapping[str, Tensor]) -> str:
    """Return what wrappers of a network put before every name."""
    prefix = ""
    while more := next((word for word in PREFIXES if all(n.startswith(prefix + word) for n in tensors)), ""):
        prefix += more
    return prefix
