"""A state as the bytes of a file."""

import io
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from tresnet_gen.runtime.convert import safetensors

State = dict[str, Tensor]


def serialiser(ending: str) -> Callable[[State], bytes | memoryview]:
    """Return what makes the bytes of a safetensors file, or for another ending of a file of torch.save.

    The same state gives the same bytes.

    Raises:
        PackageError: when a safetensors file is to be made without a package that works.
    """
    if ending != ".safetensors":
        return _torch
    return partial(safetensors("safetensors.torch").save, metadata={"format": "pt"})


def _torch(state: State) -> memoryview:
    out = io.BytesIO()
    torch.save(state, out)
    return out.getbuffer()
