"""A checkpoint to the state of an emitted module: read, recognise the names, transfer, serialise.

Names are mapped by rules over the graph, a scheme a module in `schemes`; no model has a table. `checkpoint`, `values`
and `serialise` import torch, the others do not.
"""

from importlib import import_module
from types import ModuleType

from tresnet_gen.frontend.diagnostics import printable

ENDINGS = (".safetensors", ".pth", ".pt")  # of files of weights; all but the first are torch.save's


class CheckpointError(Exception):
    """A file that no weights can be taken from; args[0] says why in one line."""


class PackageError(Exception):
    """A package that is missing, broken or too old for what was asked; args[0] says in one line what to do."""


def safetensors(name: str) -> ModuleType:
    """Return a module of safetensors.

    Raises:
        PackageError: when it is missing or broken.
    """
    try:
        return import_module(name)
    except Exception as error:  # a broken package raises anything
        reason = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        shown = printable(reason or type(error).__name__, 200)
        advice = "pip install safetensors, or use .pth files"
        raise PackageError(f"safetensors cannot be imported ({shown}): {advice}") from error
