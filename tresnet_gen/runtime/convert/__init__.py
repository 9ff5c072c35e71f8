"""A checkpoint to the state of an emitted module: read, recognise the names, transfer, serialise.

Names are mapped by rules over the graph, a scheme a module in `schemes`; no model has a table. `checkpoint`, `values`
and `serialise` import torch, the others do not.
"""

from importlib import import_module
from types import ModuleType

ENDINGS = (".safetensors", ".pth", ".pt")  # of files of weights; all but the first are torch.save's


class CheckpointError(Exception):
    """A file that no weights can be taken from; args[0] says why in one line."""


def safetensors(name: str) -> ModuleType:
    """Return a module of safetensors.

    Raises:
        ImportError: when it is missing or broken; a broken package raises anything.
    """
    try:
        return import_module(name)
    except ImportError:
        raise
    except Exception as error:
        raise ImportError(f"{type(error).__name__}: {error}", name=name) from error
